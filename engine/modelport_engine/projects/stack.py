"""One stack of a project, opened: its config, its secrets, its state."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects.project import Project
from modelport_engine.projects.stack_config import StackConfig
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN
from modelport_engine.state import locks
from modelport_engine.state.backend import Backend, StackName
from modelport_engine.state.locks import Lock
from modelport_engine.state.secrets import Secrets, find_passphrase, salt_of
from modelport_engine.state.snapshot import Encoder, Snapshot, checkpoint, deployment_of
from modelport_engine.state.snapshot_manager import Repeatable, SnapshotManager, never


class StackNotFound(EngineError):
    """Neither state nor a config file knows the stack."""

    exit_code = 2


@dataclass
class Stack:
    """A stack. `config` is what its program gets, `snapshot` the state when it was opened."""

    project: Project
    name: StackName
    backend: Backend
    settings: StackConfig
    secrets: Secrets
    config: Mapping[str, str]
    snapshot: Snapshot
    _encoder: Encoder = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._encoder = Encoder(self.secrets.seal)

    @classmethod
    def open(cls, project: Project, name: str, env: Mapping[str, str] = os.environ) -> "Stack":
        """Open a stack; one with a config file and without state is new.

        Raises:
            StackNotFound: if it has neither.
            EngineError: if its config, its secrets or its state cannot be read.
        """
        backend = Backend.find(project.backend_url, project.root, env)
        full_name = StackName(project.name, name)
        document = backend.read(full_name)
        if document is None and not project.stack_file(name).exists():
            raise StackNotFound(_not_found(project, backend, name))
        settings = StackConfig.load(project, name)
        deployment = deployment_of(document) if document else {}
        passphrase = find_passphrase(env)
        salt = salt_of(deployment) or settings.salt
        secrets = Secrets(passphrase, salt)
        of_config = secrets if settings.salt in (salt, None) else Secrets(passphrase, settings.salt)
        config = settings.texts(of_config.decrypt)
        return cls(
            project, full_name, backend, settings, secrets, config, Snapshot.from_json(deployment, secrets.decrypt)
        )

    @classmethod
    def offline(
        cls,
        project: Project,
        name: str,
        against: Path | None,
        env: Mapping[str, str] = os.environ,
        config: Mapping[str, str] | None = None,
    ) -> "Stack":
        """A stack for a preview only: with the state of a file, or none, and without asking its backend for anything.

        Without a passphrase in the environment, secrets are unknown. `config` goes over the stack's own.

        Raises:
            StackNotFound: if it has no config file.
            EngineError: if its config or the file cannot be read, or the file is another stack's.
        """
        if not project.stack_file(name).exists():
            raise StackNotFound(f"no stack named '{name}': {project.stack_file(name)} does not exist")
        settings = StackConfig.load(project, name, readable=False)
        deployment = deployment_of(_read(against)) if against else {}
        known = bool(env.get("PULUMI_CONFIG_PASSPHRASE") or env.get("PULUMI_CONFIG_PASSPHRASE_FILE"))
        secrets = Secrets(find_passphrase(env) if known else "", settings.salt)
        opens_config = secrets.decrypt if known and settings.salt else lambda _: UNKNOWN.value
        opens_state = _state_opener(deployment, env) if known else lambda _: json.dumps(UNKNOWN.value)
        snapshot = Snapshot.from_json(deployment, opens_state)
        refuse_foreign(snapshot, project.name, name)
        nowhere, values = Backend(project.root), {**settings.texts(opens_config), **(config or {})}
        return cls(project, StackName(project.name, name), nowhere, settings, secrets, values, snapshot)

    def outputs_of(self, other: StackName, env: Mapping[str, str] = os.environ) -> Mapping[str, Any] | None:
        """The outputs of another stack of the same backend; None if it has no state."""
        document = self.backend.read(other)
        if document is None:
            return None
        deployment = deployment_of(document)
        secrets = Secrets(find_passphrase(env), salt_of(deployment))
        return Snapshot.from_json(deployment, secrets.decrypt).outputs

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the stack's lock, with `snapshot` as it then is. Raises LockedError if another process holds one."""
        with self.backend.lock(self.name):
            document = self.backend.read(self.name)
            self.snapshot = Snapshot.from_json(deployment_of(document) if document else {}, self.secrets.decrypt)
            yield

    def remove_dead_locks(self) -> list[Lock]:
        """Remove the locks of processes of this host that are gone; returns them."""
        return locks.remove_dead(self.backend.lock_folder(self.name))

    def manager(self, repeatable: Repeatable = never, *, saved: bool = True) -> SnapshotManager:
        """The state while this run changes it; unless it is `saved`, in memory alone."""
        return SnapshotManager(self.snapshot, self.save if saved else lambda _: None, repeatable)

    def save(self, snapshot: Snapshot) -> None:
        """Write a state. Raises EngineError, and leaves the old one, if it is inconsistent or cannot be written."""
        self.secrets.verify()
        snapshot.check()
        deployment = self._encoder.deployment(snapshot, self.secrets.to_json())
        self.backend.write(self.name, checkpoint(str(self.name), deployment))

    def record(self, kind: str, started: float, *, succeeded: bool, changes: Mapping[str, int]) -> None:
        """Write a run into the history; `kind` is update, refresh, destroy or import, `started` seconds since 1970."""
        entry: dict[str, Any] = {
            "kind": kind,
            "startTime": int(started),
            "message": "",
            "environment": {"exec.kind": "modelport_engine"},
            "config": {key: value.to_json() for key, value in self.settings.values.items()},
            "version": 0,
            "result": "succeeded" if succeeded else "failed",
            "endTime": int(time.time()),
            "resourceChanges": dict(changes),
        }
        self.backend.record(self.name, entry)


def refuse_foreign(snapshot: Snapshot, project: str, stack: str) -> None:
    """Raise EngineError if a state is not that of a stack."""
    for resource in snapshot.resources:
        if (Urn(resource.urn).project, Urn(resource.urn).stack) != (project, stack):
            raise EngineError(f"{resource.urn} does not belong to stack {stack} of project {project}; nothing was done")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot read a state from {file}: {error}") from error


def _state_opener(deployment: Mapping[str, Any], env: Mapping[str, str]) -> Callable[[str], str]:
    """Decrypts what a state holds; a state that keeps its secrets elsewhere does not tell them."""
    provider = (deployment.get("secrets_providers") or {}).get("type")
    if provider != "passphrase":
        return lambda _: json.dumps(UNKNOWN.value)
    return Secrets(find_passphrase(env), salt_of(deployment)).decrypt


def _not_found(project: Project, backend: Backend, name: str) -> str:
    known = {each.name for each in backend.stacks() if each.project == project.name} | set(project.stack_files())
    others = f"Stacks of {project.name}: {', '.join(sorted(known))}." if known else f"{project.name} has no stack yet."
    advice = f"A new one starts with the file {project.stack_file(name)}."
    return f"no stack named '{name}' found in {backend.url}. {others} {advice}"
