"""Settings of modelport's server that have it keep inferences, and what they take where data is personal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

CAPTURE = "MODELPORT_CAPTURE"
"""Has the server keep inferences; `..._SAMPLE` and `..._REDACT` say which and what."""
CARE = {"SAMPLE": "every request is kept", "REDACT": "no value is left out"}


def careless(data_class: Any, keeping: Iterable[Collection[str]]) -> Iterable[str]:
    """What is missing where servers with these settings keep requests whose data is of a class."""
    if not data_class:
        yield "requests are kept, and nothing says of which class their data is"
    if data_class == "personal":
        for given in keeping:
            yield from (
                f"personal data is kept, and {fault}: {CAPTURE}_{name} is missing"
                for name, fault in CARE.items()
                if f"{CAPTURE}_{name}" not in given
            )
