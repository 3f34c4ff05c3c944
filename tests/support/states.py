"""States that Pulumi's own engine wrote, and stacks to put them into."""

import json
import lzma
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent.parent / "engine" / "recordings" / "states.json.xz"
PASSPHRASE = "x"


@cache
def recorded_states() -> Mapping[str, str]:
    """Every recorded JSON document of a state, by scenario and file: ``01-up-first/checkpoint-file``."""
    states: dict[str, str] = json.loads(lzma.decompress(RECORDINGS.read_bytes()))
    return states


def recorded_checkpoints() -> list[tuple[str, str]]:
    """The recorded texts that are checkpoint files."""
    return [(name, text) for name, text in recorded_states().items() if "checkpoint" in json.loads(text)]


def recorded(name: str) -> dict[str, Any]:
    """One recorded state in JSON form."""
    document: dict[str, Any] = json.loads(recorded_states()[name])
    return document


def resource(name: str, *, kind: str = "sim:index:Bucket", **fields: Any) -> dict[str, Any]:
    """A state entry of stack ``dev`` of project ``demo``."""
    return {"urn": urn(name, kind), "custom": True, "type": kind, "id": f"{name}-id"} | fields


def urn(name: str, kind: str = "sim:index:Bucket") -> str:
    """The URN of `resource(name)`."""
    return f"urn:pulumi:dev::demo::{kind}::{name}"
