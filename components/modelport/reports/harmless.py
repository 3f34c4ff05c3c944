"""A comment that nobody vouches for, made one that can do nothing but be read.

A comment of ours consists of headings, rows, list items, plain words and code. Whatever else there is, is shown as
code, where platforms see no markup, mention, reference, link or command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .comment import LIMIT, MARK
from .markdown import code, seen

SIGNATURE = "Written by the run of commit"
CUT = "The rest is left out: see the artefacts of the run."
START = re.compile(r"(?:#{3,4}|-) ")
RULE = re.compile(r"\|(---\|)+")
CELLS = re.compile(r"\||(?:\\[!-/:-@\[-`{-~]|[^|])+")
"""As platforms divide a row: a backslash hides the pipe after it, unless it is hidden itself."""
TOKENS = re.compile(r"`[^`]*`|\*\*|\s+|[^\s`*]+|[`*]")
NAME = r"[A-Za-z]+\d{0,2}(?:[-'][A-Za-z]+)*'?"
NUMBER = r"\d{1,6}(?:\.\d{1,3})?(?:e[-+]\d{1,3})?%?"
WORD = re.compile(rf"\(?(?:{NAME}|{NUMBER}|summary\.json)[.,:;)]{{0,3}}|[.,:;)]{{1,3}}|%")
SHA = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
"""A word with so many of these letters may be a commit, to which platforms link."""


def harmless(text: str, commit: str) -> str:
    """The text as it can be posted: marked as ours, no longer than a platform takes, and signed by its commit."""
    signature = f"{SIGNATURE} {code(commit)} itself."
    lines = [_line(each) for each in re.split(r"\r\n?|\n", text)]
    kept = "\n".join(each for each in lines if each != MARK and SIGNATURE not in each).strip("\n")
    return "\n".join([MARK, _cut(kept, LIMIT - len(MARK) - len(signature) - 4), "", signature, ""])


def _cut(text: str, room: int) -> str:
    """As many whole lines as there is room for."""
    if len(text) <= room:
        return text
    kept, _, _ = text[: room - len(CUT)].rpartition("\n")
    return f"{kept}\n{CUT}"


def _line(line: str) -> str:
    line = re.sub("``+", "'", seen(line)).strip()
    if line == MARK or RULE.fullmatch(line):
        return line
    if line.startswith("|"):
        return "".join(each if each == "|" else "".join(_inline(each)) for each in CELLS.findall(line))
    start = found[0] if (found := START.match(line)) else ""
    return start + "".join(_inline(line[len(start) :].lstrip()))


def _inline(text: str) -> Iterator[str]:
    """Code as it is, our words as they are, and the rest as code."""
    last = ""
    for part in TOKENS.findall(text):
        made = part if part.isspace() or part == "**" or _is_plain(part) else _as_code(part)
        if last.endswith("`") and made.startswith("`"):
            yield " "
        yield made
        last = made


def _is_plain(part: str) -> bool:
    return bool(WORD.fullmatch(part)) and not SHA.search(part)


def _as_code(part: str) -> str:
    return code(part[1:-1] if part.startswith("`") and len(part) > 1 else part) or "`'`"
