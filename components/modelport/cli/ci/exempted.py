"""Exemptions that a pull request adds; they accept nothing until they are merged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FILE = Path("policies", "exemptions.yaml")


def new_exemptions(base: Path, head: Path) -> tuple[str, ...]:
    """What the head's file has that the base's has not, an entry each, in words."""
    known = _entries(base / FILE)
    return tuple(_said(each) for each in _entries(head / FILE) if each not in known)


def _entries(file: Path) -> list[Any]:
    """The entries of a file, as far as it can be read: what is wrong with them is for those who judge by it."""
    try:
        entries = YAML(typ="safe").load(file.read_text(encoding="utf-8")) if file.exists() else []
    except Exception:  # the parser has more than its own
        return ["a file that cannot be read"]
    return entries if isinstance(entries, list) else [entries]


def _said(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    rules, match, expires, owner, reason = (entry.get(key) for key in ("rules", "match", "expires", "owner", "reason"))
    return f"{rules} for {match}, until {expires}, by {owner}: {reason}"
