"""What to do about errors of the clouds, whose own words rarely say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

Advice = tuple[tuple[re.Pattern[str], str], ...]
"""What an error looks like, and what to do: `{name}` stands for a named group, which is in the error in any case."""


def advice(error: str) -> str | None:
    """What to do about an error, as far as a target knows it. Imports no SDK."""
    for module in _modules():
        table: Advice = import_module(module).ADVICE
        for looks, text in table:
            if found := looks.search(error):
                return text.format_map(found.groupdict())
    return None


def _modules() -> Iterator[str]:
    from . import NAMES

    return (module for name in NAMES if find_spec(module := f"{__package__}.{name}.advice"))
