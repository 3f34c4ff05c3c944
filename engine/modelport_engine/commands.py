"""What can be done with state alone, without running a program."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects.project import Project
from modelport_engine.projects.stack import Stack, refuse_foreign
from modelport_engine.protocol.values import contains_secret, show, strip_secrets, to_state
from modelport_engine.state import locks
from modelport_engine.state.backend import Backend, StackName
from modelport_engine.state.secrets import Secrets, find_passphrase, salt_of
from modelport_engine.state.snapshot import VERSION, Snapshot, deployment_of

HIDDEN = "[secret]"


class NoState(EngineError):
    """The stack has no state yet."""


def outputs(
    project: Project, stack: str, *, show_secrets: bool = False, env: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The stack's outputs as plain JSON values; secret ones are hidden unless asked for."""
    found = Stack.open(project, stack, env).snapshot.outputs
    hidden = {key: HIDDEN if contains_secret(value) and not show_secrets else value for key, value in found.items()}
    return {key: to_state(strip_secrets(value), show) for key, value in hidden.items()}


def export_state(
    project: Project, stack: str, *, show_secrets: bool = False, env: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """The deployment of a stack as `import_state` takes it. Raises NoState if there is none."""
    deployment = deployment_of(_document(project, stack, env))
    if show_secrets:
        secrets = Secrets(find_passphrase(env), salt_of(deployment))
        deployment = Snapshot.from_json(deployment, secrets.decrypt).to_json(show, deployment.get("secrets_providers"))
    return {"version": VERSION, "deployment": deployment}


def import_state(
    project: Project, stack: str, document: Mapping[str, Any], *, env: Mapping[str, str] = os.environ
) -> None:
    """Replace the state of a stack by an export. Raises EngineError, changing nothing, if it is another stack's."""
    started = time.time()
    opened = Stack.open(project, stack, env)
    deployment = deployment_of(document)
    theirs = salt_of(deployment)
    secrets = Secrets(find_passphrase(env), theirs) if theirs else opened.secrets
    snapshot = Snapshot.from_json(deployment, secrets.decrypt)
    refuse_foreign(snapshot, project.name, stack)
    opened = replace(opened, secrets=secrets)
    with opened.lock():
        opened.save(snapshot)
        opened.record("import", started, succeeded=True, changes={})


def stacks(project: Project, env: Mapping[str, str] = os.environ) -> list[str]:
    """The names of the project's stacks: those with state and those with a config file, sorted."""
    found = Backend.find(project.backend_url, project.root, env).stacks()
    return sorted({each.name for each in found if each.project == project.name} | set(project.stack_files()))


def cancel(project: Project, stack: str, env: Mapping[str, str] = os.environ) -> list[locks.Lock]:
    """Remove every lock of a stack, whoever holds it; returns them."""
    _document(project, stack, env)
    backend = Backend.find(project.backend_url, project.root, env)
    return locks.remove_all(backend.lock_folder(StackName(project.name, stack)))


def as_text(document: Mapping[str, Any]) -> str:
    """An export as `pulumi stack export` prints it."""
    return json.dumps(document, indent=4, ensure_ascii=False)


def _document(project: Project, stack: str, env: Mapping[str, str]) -> dict[str, Any]:
    backend = Backend.find(project.backend_url, project.root, env)
    document = backend.read(StackName(project.name, stack))
    if document is None:
        raise NoState(f"no stack named '{stack}' found in {backend.url}: run `up` first")
    return document
