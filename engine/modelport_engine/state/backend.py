"""Where state lives: a folder with Pulumi's layout, named by a ``file://`` URL."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from modelport_engine.errors import EngineError
from modelport_engine.state import files, locks

SCHEME = "file://"
META = b"version: 1\n"
FOLDER = ".pulumi"
DEFAULT_URL = "file://~"
ADVICE = "See that there is room and that it can be written, or name another folder with PULUMI_BACKEND_URL."


class BackendError(EngineError):
    """State cannot be found, read or written."""


@dataclass(frozen=True)
class StackName:
    """A stack's name within a backend."""

    project: str
    name: str

    def __str__(self) -> str:
        return f"organization/{self.project}/{self.name}"


@dataclass(frozen=True)
class Backend:
    """State in the folder `root`; every method raises BackendError where the file system refuses."""

    root: Path

    @classmethod
    def find(cls, project_url: str | None, project_root: Path, env: Mapping[str, str] = os.environ) -> "Backend":
        """The backend that applies: PULUMI_BACKEND_URL, Pulumi.yaml's, what `pulumi login` recorded, or the home.

        Raises BackendError if it is not ``file://``.
        """
        base = Path.cwd() if env.get("PULUMI_BACKEND_URL") else project_root
        return cls.from_url(cls.address(project_url, env), base)

    @staticmethod
    def address(project_url: str | None, env: Mapping[str, str] = os.environ) -> str:
        """The URL of the backend that applies, of whatever kind, as it is written."""
        return env.get("PULUMI_BACKEND_URL") or project_url or _login(env) or DEFAULT_URL

    @classmethod
    def from_url(cls, url: str, base: Path) -> "Backend":
        """The backend of a URL; a relative path is taken from `base`. Raises BackendError if it is not ``file://``."""
        if not url.startswith(SCHEME):
            raise BackendError(
                f"backend {url!r} is not supported: the embedded engine keeps state in a folder (file://...). "
                "Use the `pulumi` CLI for it, or set PULUMI_BACKEND_URL to a file:// URL."
            )
        path = unquote(url.removeprefix(SCHEME).partition("?")[0])
        return cls((base / Path(path or "~").expanduser()).resolve())

    @property
    def url(self) -> str:
        """Its URL."""
        return self.root.as_uri()

    def stacks(self) -> list[StackName]:
        """All stacks, sorted."""
        folder = self.root / FOLDER / "stacks"
        found = folder.glob("*/[!.]*.json")
        return [StackName(path.parent.name, path.stem) for path in sorted(found)]

    def read(self, stack: StackName) -> dict[str, Any] | None:
        """The checkpoint of a stack in JSON form; None if there is no such stack."""
        path = self.state_file(stack)
        with _told(f"read the state of {stack}"):
            self._check_layout()
            if not path.exists():
                return None
            try:
                document: dict[str, Any] = json.loads(path.read_bytes())
            except ValueError as error:
                raise BackendError(f"{path} is not JSON ({error}). The state before it is in {path}.bak") from error
        return document

    def write(self, stack: StackName, checkpoint: str) -> None:
        """Replace the state of a stack; what was there before stays beside it as ``.bak``."""
        path = self.state_file(stack)
        with _told(f"write the state of {stack}"):
            self._ensure_layout()
            if path.exists():
                files.copy(path, path.with_name(path.name + ".bak"))
            files.write(path, checkpoint.encode())

    def record(self, stack: StackName, entry: Mapping[str, Any]) -> None:
        """Add an update to the history of a stack, with a copy of the state after it, and back that up."""
        state, history = self.state_file(stack), self.root / FOLDER / "history" / stack.project / stack.name
        with _told(f"write the history of {stack}"):
            name = f"{stack.name}-{time.time_ns()}"
            checkpoint = state.read_bytes()
            text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
            files.write(history / f"{name}.history.json", text.encode())
            files.write(history / f"{name}.checkpoint.json", checkpoint, durable=False)
            backups = self.root / FOLDER / "backups" / stack.project / stack.name
            files.write(backups / f"{stack.name}.{time.time_ns()}.json", checkpoint, durable=False)

    def lock(self, stack: StackName) -> AbstractContextManager[None]:
        """Hold the stack's lock. Raises LockedError if another process holds one."""
        with _told(f"lock {stack}"):
            self._ensure_layout()
        return locks.hold(self.lock_folder(stack))

    def state_file(self, stack: StackName) -> Path:
        """Where the state of a stack lies."""
        return self.root / FOLDER / "stacks" / stack.project / f"{stack.name}.json"

    def lock_folder(self, stack: StackName) -> Path:
        """Where the locks of a stack lie."""
        return self.root / FOLDER / "locks" / "organization" / stack.project / stack.name

    def _ensure_layout(self) -> None:
        self._check_layout()
        if not (self.root / FOLDER / "meta.yaml").exists():
            files.write(self.root / FOLDER / "meta.yaml", META)

    def _check_layout(self) -> None:
        meta = self.root / FOLDER / "meta.yaml"
        if meta.exists():
            known = meta.read_bytes().strip() == META.strip()
        else:
            known = not any((self.root / FOLDER / "stacks").glob("*.json"))
        if not known:
            raise BackendError(
                f"{self.root / FOLDER} has another layout than this engine knows. Run `pulumi state upgrade`."
            )


def _login(env: Mapping[str, str]) -> str | None:
    home = Path(env.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        current = json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BackendError(f"cannot read {home / 'credentials.json'}: {error}. Run `pulumi login` again.") from error
    return current or None


@contextmanager
def _told(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"cannot {doing}: {error.strerror or error}: {error.filename or ''}".rstrip(": ")
        raise BackendError(f"{problem}\n  {ADVICE}") from error
