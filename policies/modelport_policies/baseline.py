"""What is found in a stack today as exemptions: it gets time, and what comes after it is found as ever."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from glob import escape
from textwrap import indent
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from modelport_policies.errors import PolicyError
from modelport_policies.exemptions import read
from modelport_policies.results import Review

LASTS = timedelta(days=90)
REASON = "was there before the policies judged this stack, and is mended until this ends"


def accepted(review: Review, controls: Collection[str], today: date, **words: str) -> CommentedSeq:
    """An entry for each control with findings, by the URNs of the resources.

    Args:
        words: owner, ticket and reason.

    Raises:
        PolicyError: the words make no exemption.
    """
    entries = CommentedSeq()
    for control, urns in _found(review).items():
        entry = CommentedMap({"rules": CommentedSeq([control]), "match": {"urn": [escape(urn) for urn in urns]}})
        entry.update({**words, "created": today.replace(), "expires": today + LASTS})  # the same date twice is an alias
        _, faults = read(entry, controls, today)
        if faults:
            raise PolicyError("\n".join(f"{'.'.join(map(str, field))}: {fault}" for field, fault in faults))
        entry["rules"].fa.set_flow_style()
        entry.yaml_add_eol_comment(_title(review, control), "rules")
        entries.append(entry)
    return entries


def extended(text: str, entries: CommentedSeq) -> str:
    """The text of an exemptions file with more entries at its end; what is there stays as it is written, unless it is
    of a form to which nothing can be added.
    """
    held = _yaml().load(text)
    column = held.lc.col if held else 0
    lead = "\n" if text and not text.endswith("\n") else ""
    added = lead + indent(_dumped(entries), " " * column)
    longer = text + (added.replace("\n", "\r\n") if "\r\n" in text else added)
    if _length(longer) == len(held or ()) + len(entries):
        return longer
    held.fa.set_block_style()
    held.extend(entries)
    return _dumped(held)


def _found(review: Review) -> dict[str, list[str]]:
    """The URNs with findings that nothing accepts, by control."""
    found: dict[str, list[str]] = {}
    for result in review.having("violated"):
        if result.urn:
            found.setdefault(result.control.id, []).append(result.urn)
    return found


def _title(review: Review, control: str) -> str:
    return next(each.control.title for each in review.results if each.control.id == control)


def _length(text: str) -> int:
    try:
        return len(_yaml().load(text))
    except YAMLError:
        return 0


def _dumped(entries: Sequence[Any]) -> str:
    stream = io.StringIO()
    _yaml().dump(entries, stream)
    return stream.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10**6
    return yaml
