"""Error texts without secrets: API servers repeat values, and containers write what they were given."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from modelport_engine.protocol.values import Secret, from_struct

MASK = "[secret]"
SHORTEST = 4  # what is shorter is in too many words
FIELDS = ("properties", "olds", "news", "inputs", "old_inputs")


def masked(text: str, request: Any) -> str:
    """A text without the secret strings of a request's properties, as they are and as a Secret holds them."""
    given = [getattr(request, name) for name in FIELDS if name in request.DESCRIPTOR.fields_by_name]
    found = {form for struct in given for value in _secrets(from_struct(struct)) for form in _forms(value)}
    for secret in sorted(found, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _secrets(value: Any, *, inside: bool = False) -> Iterator[str]:
    match value:
        case Secret():
            yield from _secrets(value.value, inside=True)
        case dict():
            for item in value.values():
                yield from _secrets(item, inside=inside)
        case list():
            for item in value:
                yield from _secrets(item, inside=inside)
        case str() if inside:
            yield value


def _forms(secret: str) -> Iterator[str]:
    forms = [secret]
    with suppress(binascii.Error, UnicodeDecodeError):
        forms.append(base64.b64decode(secret, validate=True).decode())
    forms += [line.strip() for form in forms for line in form.splitlines()[1:] + form.splitlines()[:1]]
    yield from (form for form in forms if len(form) >= SHORTEST)
