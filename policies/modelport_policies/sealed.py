"""Secrets of a state: judged by what they are, and in nothing that is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from pulumi_policy.deserialize import SPECIAL_SECRET_SIG, SPECIAL_SIG_KEY
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

HIDDEN = "[secret]"
SHORTEST = 3
TOO_COMMON = (UNKNOWN_STRING_VALUE, "true", "false", "null", "none")


def plain(value: Any) -> Any:
    """Inputs as written in a state, secrets unwrapped; one that is encrypted is as good as unknown."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if not _is_secret(value):
        return {key: plain(each) for key, each in value.items()}
    if "plaintext" in value:
        return plain(json.loads(value["plaintext"]))
    return plain(value.get("value", UNKNOWN_STRING_VALUE))


def hiding(state: Any) -> Callable[[str], str] | None:
    """What takes the texts of a state's secrets out of a message; None where there are none."""
    texts = {text for text in _secrets(state) if len(text) >= SHORTEST and text.lower() not in TOO_COMMON}
    texts |= {json.dumps(text)[1:-1] for text in texts} | {repr(text)[1:-1] for text in texts}
    if not texts:
        return None
    pattern = re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))))
    return lambda message: pattern.sub(HIDDEN, message)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and _is_secret(value):
        yield from _texts(plain(value))
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _secrets(each)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, and in a document that is one of them."""
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                yield from _texts(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def _is_secret(value: dict[str, Any]) -> bool:
    return bool(value.get(SPECIAL_SIG_KEY) == SPECIAL_SECRET_SIG)
