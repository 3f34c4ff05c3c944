"""The comment on a pull request: what matters most first, and no longer than the platform takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MARK = "<!-- modelport ci preview -->"
"""By which the one comment is found again, to be updated in place."""
LIMIT = 65_000
"""Characters, a little under GitHub's 65,536, the least of the platforms'."""
SIGNED = 200
"""Characters that are left for what is said of where it comes from when it is posted."""


@dataclass(frozen=True)
class Section:
    """A part of the comment.

    Attributes:
        lines: each by itself can be left out when the comment is too long.
        head: lines that come before them, like those of a table.
    """

    title: str
    lines: tuple[str, ...]
    head: tuple[str, ...] = ()


def comment(verdict: str, notices: Sequence[str], sections: Sequence[Section], unchecked: Section) -> str:
    """The comment as Markdown.

    Args:
        verdict: in a sentence.
        notices: what comes before everything else.
        sections: the most important first; those without lines are left out.
        unchecked: what comes last, however long the others are.
    """
    first = [MARK, *(f"**{notice}**\n" for notice in notices), f"### {verdict}", ""]
    last = ["", *_whole(unchecked)]
    room = LIMIT - SIGNED - sum(len(line) + 1 for line in (*first, *last))
    return "\n".join([*first, *_fitting([each for each in sections if each.lines], room), *last]) + "\n"


def _whole(section: Section) -> Iterator[str]:
    yield from (f"#### {section.title}", "", *section.head, *section.lines, "")


def _fitting(sections: Iterable[Section], room: int) -> Iterator[str]:
    """The sections as far as there is room, each that is cut with a line that says how much is left out."""
    for section in sections:
        kept = list(_kept(section, room))
        room -= sum(len(line) + 1 for line in kept)
        yield from kept


def _kept(section: Section, room: int) -> Iterator[str]:
    frame = list(_whole(Section(section.title, (), section.head)))
    more = "{} more: see summary.json."
    room -= sum(len(line) + 1 for line in frame) + len(more) + 8
    if room < 0:
        return
    yield from frame[:-1]
    for number, line in enumerate(section.lines):
        room -= len(line) + 1
        if room < 0:
            yield from ("", more.format(len(section.lines) - number))
            break
        yield line
    yield ""
