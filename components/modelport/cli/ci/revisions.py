"""The two revisions of a repository that a pull request is about."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelport.cli.errors import UsageError

DEEPER = "A shallow checkout lacks it: fetch with the full history (fetch-depth: 0)."
BORROWED = (".venv", ".modelport")
"""What git ignores and a program needs: lent to the base, which has none of it."""


@dataclass(frozen=True)
class Repository:
    """A git repository, and the project in it.

    Attributes:
        top: its root, in which changed paths are counted.
        project: the folder of Pulumi.yaml, below it.
    """

    top: Path
    project: Path

    @classmethod
    def around(cls, project: Path) -> Repository:
        """The repository that a project is in.

        Raises:
            UsageError: it is in none.
        """
        return cls(Path(_git(project, "rev-parse", "--show-toplevel")).resolve(), project.resolve())

    @property
    def path(self) -> Path:
        """Of the project in the repository."""
        return self.project.relative_to(self.top)

    def merge_base(self, ref: str) -> str:
        """The commit from which the head and `ref` went apart.

        Raises:
            UsageError: there is none here.
        """
        if ref.startswith("-"):
            raise UsageError(f"--base {ref}\n  is no revision.")
        return _git(self.top, "merge-base", ref, "HEAD", hint=DEEPER)

    def changed(self, base: str) -> list[Path]:
        """The files that differ between a commit and the working tree, from the repository's root."""
        named = _git(self.top, "diff", "--name-only", "--no-renames", "-z", base, "--")
        new = _git(self.top, "ls-files", "--others", "--exclude-standard", "-z")
        return sorted({Path(name) for name in (named + "\0" + new).split("\0") if name})

    @contextmanager
    def checkout(self, commit: str) -> Iterator[Path]:
        """The project as of a commit, in a folder of its own for as long as it is needed.

        The repository itself is left alone: a run that is killed leaves nothing in it.
        """
        with tempfile.TemporaryDirectory(prefix="modelport-base-") as folder:
            tree, index = Path(folder).resolve() / "tree", Path(folder).resolve() / "index"
            _git(self.top, "read-tree", commit, index=index)
            _git(self.top, "checkout-index", "--all", f"--prefix={tree}/", index=index)
            self._lend(tree / self.path)
            yield tree / self.path

    def _lend(self, project: Path) -> None:
        for name in BORROWED:
            if (self.project / name).exists() and project.is_dir() and not (project / name).exists():
                (project / name).symlink_to(self.project / name)


def _git(folder: Path, *words: str, hint: str = "", index: Path | None = None) -> str:
    """What git says, with an index of its own if one is given. No hook, pager or prompt gets a word in."""
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"} | ({"GIT_INDEX_FILE": str(index)} if index else {})
    options = ("-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
    try:
        done = subprocess.run(["git", *options, *words], cwd=folder, env=env, capture_output=True, text=True)
    except FileNotFoundError:
        raise UsageError("git\n  is not on PATH: the base of a pull request is read with it.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else "failed"
        raise UsageError(f"git {' '.join(words)}\n  {reason}. {hint}".rstrip())
    return done.stdout.strip("\n")
