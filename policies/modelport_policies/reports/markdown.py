"""Markdown, for the summary of a run. Names and messages come from whoever wrote the stack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from modelport_policies.reports.place import Place
from modelport_policies.results import DECIDED, Result, Review

SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")
ORDER = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def report(review: Review, places: Mapping[str, Place]) -> str:
    """The verdict, what stops an update, advice, then what is exempted and undecided, folded."""
    violated = sorted(review.having("violated"), key=lambda each: ORDER[each.control.severity])
    stopping = [each for each in violated if each.level != "advisory"]
    advice = [each for each in violated if each.level == "advisory"]
    exempted, undecided = list(review.having("exempted")), list(review.having("undecided"))
    evaluated = sum(each.verdict in DECIDED for each in review.results)
    word = f"{len(stopping)} stop an update" if stopping else "nothing stops an update"
    lines = [
        f"### Policies: {word}",
        "",
        f"Profile {review.profile}: {evaluated} evaluated, {len(stopping)} mandatory violations, "
        f"{len(advice)} advisory, {len(exempted)} exempted, {len(undecided)} undecided.",
        *_table(stopping, places),
        *_folded("Advice", advice, places),
        *_folded("Exempted", exempted, places),
        *_folded("Undecided until values are known", undecided, places),
    ]
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Text of others, in one line, also in a cell of a table: as code it is no markup, mention or link."""
    line = SPACE.sub(" ", text).strip().replace("`", "'").replace("|", "\\|")
    return f"`{line}`" if line else ""


def _folded(title: str, results: list[Result], places: Mapping[str, Place]) -> Iterator[str]:
    if results:
        yield from ("", f"<details><summary>{title} ({len(results)})</summary>")
        yield from _table(results, places)
        yield from ("", "</details>")


def _table(results: Iterable[Result], places: Mapping[str, Place]) -> Iterator[str]:
    rows = [_row(each, places) for each in results]
    if rows:
        yield from ("", "| control | severity | resource | what |", "|---|---|---|---|", *rows)


def _row(result: Result, places: Mapping[str, Place]) -> str:
    urn = result.urn or ""
    place = f" in {code(f'{places[urn].file}:{places[urn].line}')}" if urn in places else ""
    what = "; ".join(result.messages) + (f" ({result.exemption})" if result.exemption else "")
    resource = code(urn.rpartition("::")[2])
    return f"| {result.control.id} | {result.control.severity} | {resource}{place} | {code(what)} |"
