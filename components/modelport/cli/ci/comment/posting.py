"""One comment on a pull request, updated in place."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from modelport.cli.errors import UsageError
from modelport.errors import ModelportError
from modelport.reports.comment import MARK
from modelport.reports.harmless import harmless

from .api import patiently
from .platforms import Platform

LARGEST_FILE = 1 << 20
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def post(file: Path, platform: Platform, number: int | None, commit: str | None, author: str | None) -> str:
    """Post a file that anybody may have written; gives what was done, in words.

    Args:
        number: of the pull request; without it, the one that is at the commit.
        commit: whose run has written the file: nothing is posted where the pull request is not at it any more.
        author: who writes with the token, where it cannot be asked.

    Raises:
        UsageError: the file is none to post, or it is not said where to.
        ApiError: the platform does not take it.
    """
    if commit and not COMMIT.fullmatch(commit):
        raise UsageError(f"--commit {commit}\n  is no commit: give all 40 digits.")
    if not (number or commit):
        raise UsageError("--pull-request\n  say which it is, or with --commit at which commit it is.")
    text = _read(file)
    return patiently(lambda: _post(text, platform, number, commit, author))


def _post(text: str, platform: Platform, number: int | None, commit: str | None, author: str | None) -> str:
    number, commit = _place(platform, number, commit)
    if number is None:
        return f"nothing was posted: no open pull request is at {commit} any more"
    body, author = harmless(text, commit), author or platform.author()
    ours = (each for each in platform.comments(number) if each.author == author and each.body.startswith(MARK))
    there = next(ours, None)
    if there is None:
        platform.create(number, body)
        return f"commented on {number}"
    if _same(there.body, body):
        return f"the comment on {number} says it already"
    platform.update(number, there.id, body)
    return f"updated the comment on {number}"


def _place(platform: Platform, number: int | None, commit: str | None) -> tuple[int | None, str]:
    """The pull request, None where there is none any more, and the commit that it is at."""
    if number:
        head = platform.head(number)
        return (number if commit in (head, None) else None), commit or head
    assert commit
    numbers = platform.open_with(commit)
    if len(numbers) > 1:
        listed = ", ".join(map(str, sorted(numbers)))
        raise ModelportError(
            f"--commit {commit}\n  {len(numbers)} open pull requests are at it: {listed}. Which of them the run was "
            "about is not known, so nothing was posted. Name one with --pull-request."
        )
    return (numbers[0] if numbers else None), commit


def _read(file: Path) -> str:
    """A regular file's text, never more than can be posted: it may be a link to a secret, or a device without end."""
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{file}\n  cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise UsageError(f"{file}\n  is no regular file.")
    with os.fdopen(opened, "rb") as content:
        data = content.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise UsageError(f"{file}\n  is larger than 1 MiB, and no comment.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{file}\n  is not UTF-8, and no comment.") from None


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same but for what platforms change of them."""
    return one.replace("\r\n", "\n").strip() == other.strip()
