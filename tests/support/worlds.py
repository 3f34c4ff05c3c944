"""A project whose resources are a graph and whose cloud is a folder; and what must be true of it after every run."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.forks import Ended, Engine
from support.graphs import Graph, Node

from modelport_engine import commands
from modelport_engine.projects.project import Project
from modelport_engine.protocol.values import strip_secrets
from modelport_engine.state.resource import Resource
from modelport_engine.state.secrets import Secrets
from modelport_engine.state.snapshot import Snapshot, deployment_of

PROJECTS = Path(__file__).parent.parent / "engine" / "projects"
PASSPHRASE = "x"
PROVIDER = "pulumi:providers:"


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass
class World:
    """One stack and its cloud. `retained` are the objects that were left behind on purpose."""

    folder: Path
    secrets: Secrets
    seconds: float
    retained: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.project, self.home = self.folder / "projects" / "graph", self.folder / "objects"
        shutil.copytree(PROJECTS / "graph", self.project)
        shutil.copytree(PROJECTS / "objects", self.folder / "projects" / "objects")
        (self.home / "cloud").mkdir(parents=True)
        (self.folder / "state").mkdir()
        (self.project / "Pulumi.dev.yaml").write_text(f"encryptionsalt: {self.secrets.salt}\n")
        self.log = self.home / "log"
        self.env: Mapping[str, str] = {
            **os.environ,
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "OBJECTS": str(self.home),
            "OBJECTS_SECONDS": str(self.seconds),
            "GRAPH": str(self.folder / "graph.json"),
        }

    def start(self, command: str, graph: Graph, faults: Mapping[str, Any] = {}, **options: Any) -> Engine:
        """Start an engine on the graph."""
        (self.folder / "graph.json").write_text(json.dumps(graph.to_json()))
        (self.home / "faults.json").write_text(json.dumps(faults))
        self.log.write_text("")
        self._before = self.state
        return Engine.start(command, self.project, self.env, **options)

    def run(self, command: str, graph: Graph, faults: Mapping[str, Any] = {}, **options: Any) -> Ended:
        """Run an engine to its end, and check everything."""
        ended = self.start(command, graph, faults, **options).end()
        try:
            self.check()
        except Broken as error:
            raise Broken(f"{error}\nafter {command}: {ended}") from error
        return ended

    def unlock(self) -> None:
        """Remove the lock of an engine that was killed."""
        if self.state_file.exists():
            commands.cancel(Project.load(self.project), "dev", self.env)
        else:
            shutil.rmtree(self.folder / "state/.pulumi/locks", ignore_errors=True)

    def unprotect(self) -> None:
        """Lift the protection that state knows of: the program's word comes too late where a dependent has to go."""
        project = Project.load(self.project)
        export = commands.export_state(project, "dev", env=self.env)
        for entry in export["deployment"].get("resources", ()):
            entry.pop("protect", None)
        commands.import_state(project, "dev", export, env=self.env)

    def confirm(self) -> None:
        """Remove from the cloud what a creation that was broken off may have made, as a user would."""
        known = {each.id for each in self.state.resources} | self.retained
        for id in self.cloud.keys() - known:
            self.remove(id)

    def remove(self, id: str) -> None:
        """Remove an object behind the engine's back."""
        (self.home / "cloud" / f"{id}.json").unlink()

    @property
    def state_file(self) -> Path:
        return self.folder / "state/.pulumi/stacks/graph/dev.json"

    @property
    def state(self) -> Snapshot:
        document = json.loads(self.state_file.read_bytes()) if self.state_file.exists() else None
        return Snapshot.from_json(deployment_of(document) if document else {}, self.secrets.decrypt)

    @property
    def cloud(self) -> dict[str, Any]:
        objects = {}
        for path in (self.home / "cloud").glob("*.json"):
            with suppress(FileNotFoundError):  # a provider whose engine was killed may be about to delete it
                objects[path.stem] = json.loads(path.read_text())
        return objects

    @property
    def calls(self) -> list[dict[str, Any]]:
        *lines, _ = self.log.read_text().split("\n")  # the last one may be half written
        return [json.loads(line) for line in lines]

    def check(self) -> None:
        """What must be true at any time, whatever happened. Raises Broken."""
        state = self.state
        _check_order(state)
        now, left = {each.id for each in state.resources}, set()
        for old in self._before.resources:  # what would have gone with something that was left behind stays, too
            if old.id not in now and (old.retain_on_delete or old.deleted_with in left):
                left.add(old.urn)
                self.retained.add(old.id)
        self._check_cloud(state)
        _check_calls(self.calls, self._before)

    def check_converged(self, graph: Graph) -> None:
        """What must be true after a run that succeeded. Raises Broken."""
        state = self.state
        live = {each.urn.rpartition("::")[2]: each for each in state.resources}
        marked = [each.urn for each in state.resources if each.delete or each.pending_replacement]
        _require(not marked, f"still to be deleted or replaced: {marked}")
        for node in graph.nodes:
            _require(node.name in live, f"{node.name} is not in the state")
            _check_node(node, live)
        extra = [
            name for name, each in live.items() if name not in {node.name for node in graph.nodes} and not _ours(each)
        ]
        _require(not extra, f"nobody asked for {extra}")

    def _check_cloud(self, state: Snapshot) -> None:
        cloud = self.cloud
        objects = {each.id: each for each in state.resources if each.custom and not each.type.startswith(PROVIDER)}
        pending = Counter(each.resource.urn for each in state.pending_operations if each.type == "creating")
        known = objects.keys() | self.retained
        unknown = Counter(cloud[id]["urn"] for id in cloud if not _is_known(id, cloud, known))
        lost = unknown - pending
        _require(not lost, f"neither in the state nor under way: {dict(lost)}")
        changing = [each.resource for each in state.pending_operations if each.type != "creating"]
        touched = {each.urn for each in changing} | {each.id for each in changing}  # a move has not changed its URN yet
        for id, resource in objects.items():
            if resource.pending_replacement or touched & {resource.urn, id, resource.deleted_with}:
                continue
            _require(id in cloud, f"{id} is in the state and does not exist")
            outputs = strip_secrets(resource.outputs)
            _require(outputs == cloud[id]["outputs"], f"{id} is {cloud[id]['outputs']}, in the state {outputs}")


def _is_known(id: str, cloud: Mapping[str, Any], known: Container[str]) -> bool:
    """Whether an object is known, or goes with one that is."""
    if id in known or id not in cloud:
        return id in known
    return _is_known(cloud[id]["outputs"].get("within", "").removeprefix("tag of "), cloud, known)


def _check_order(state: Snapshot) -> None:
    """Everything stands after what it needs, and what lives once."""
    seen: set[str] = set()
    for each in state.resources:
        missing = {each.parent, *each.dependencies, each.deleted_with} - seen - {""}
        _require(not missing, f"{each.urn} stands before {missing}")
        _require(not set().union(*each.property_dependencies.values()) - seen, f"{each.urn} stands before a property")
        provider, _, _ = each.provider.rpartition("::")
        _require(not provider or provider in seen, f"{each.urn} stands before {provider}")
        seen.add(each.urn)
    live = Counter(each.urn for each in state.resources if not each.delete)
    _require(live.total() == len(live), f"twice in the state: {live.most_common(1)}")


def _check_calls(calls: list[dict[str, Any]], before: Snapshot) -> None:
    """No object was deleted while there was one that needed it: one bound to it, or one that was to be deleted, too."""
    olds = [each for each in before.resources if each.custom]
    deletes = [(number, call) for number, call in enumerate(calls) if call["method"] == "Delete"]
    began = {call["id"]: number for number, call in reversed(deletes) if call["begins"]}
    ended = {call["id"]: number for number, call in deletes if not call["begins"]}
    created = {call["urn"]: number for number, call in reversed([*enumerate(calls)]) if call["method"] == "Create"}
    bound = {call["id"]: set(call["bound"]) for _, call in deletes if call["begins"]}
    nearest: dict[str, Resource] = {}
    for other in olds:
        for old in [nearest[urn] for urn in other.needs if urn in nearest]:
            start = began.get(old.id, -1)
            left = other.id in bound.get(old.id, ()) and not (other.retain_on_delete or other.deleted_with)
            _require(not left, f"{old.id} was deleted before {other.id}, which is bound to it")
            first = created.get(old.urn, len(calls)) > start  # what only refers to it may wait
            late = other.id in began and ended.get(other.id, len(calls)) > start >= 0
            _require(first or not late, f"{old.id} was deleted before {other.id}, which needs it")
        nearest[other.urn] = other


def _check_node(node: Node, live: Mapping[str, Resource]) -> None:
    """The resource is as the graph has it."""
    resource = live[node.name]
    inputs = strip_secrets(resource.inputs)
    fixed = {"provider": ("place",), "component": ("size",)}.get(node.kind, ("size", "place"))
    for key in set(fixed) - set(node.ignore_changes):
        _require(inputs[key] == getattr(node, key), f"{node.name} has {key} {inputs[key]}, not {getattr(node, key)}")
    for key, name in node.references.items():
        tag = strip_secrets(live[name].outputs)["tag"]
        _require(inputs[key] == tag, f"{node.name} refers with {key} to {inputs[key]}, not to {tag}")
        _require(resource.property_dependencies[key] == [live[name].urn], f"{node.name} lost its edge {key}")
    parent = live[node.parent or "graph-dev"].urn
    _require(resource.parent == parent, f"{node.name} is in {resource.parent}, not in {parent}")
    if node.kind in ("object", "single"):
        _require(resource.protect == node.protect, f"{node.name} is not as protected as it should be")
        _require(resource.retain_on_delete == node.retain_on_delete, f"{node.name}: retain_on_delete")


def _ours(resource: Resource) -> bool:
    return resource.type == "pulumi:pulumi:Stack" or resource.urn.rpartition("::")[2].startswith("default")


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)
