"""What a pull request does to one stack: its two plans beside each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelport.bundle.contract import Succession, succession
from modelport.bundle.errors import BundleError
from modelport.bundle.read import load
from modelport.cli.errors import REFUSED, USAGE
from modelport.reports.comparison import UNKNOWN, Changed, compare_plans
from modelport.reports.owners import Owner, Row

from .gates import Gate
from .replacement import judged
from .side import Side

OF_CODES: Mapping[int, Gate] = {USAGE: "wrong", REFUSED: "refused"}

PRECIOUS = (
    *("modelport:local:Server", "kubernetes:core/v1:Namespace", "kubernetes:core/v1:PersistentVolumeClaim"),
    *("kubernetes:core/v1:Service", "kubernetes:networking.k8s.io/v1:Ingress"),
    *("kubernetes:gateway.networking.k8s.io/v1:Gateway", "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"),
    *("aws:sagemaker/endpoint:Endpoint", "aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"),
    *("gcp:vertex/aiEndpoint:AiEndpoint", "gcp:storage/bucket:Bucket"),
    *("azure-native:machinelearningservices:OnlineEndpoint", "azure-native:storage:StorageAccount"),
    "azure-native:storage:BlobContainer",
)
"""Endpoints, and what holds data: nobody wants them replaced unawares."""


@dataclass(frozen=True)
class Model:
    """A live version of a service that is another than before; before or after is None where there was or is none."""

    owner: Owner
    role: str
    before: str | None
    after: str | None
    succession: Succession | None


@dataclass(frozen=True)
class StackChange:
    """One stack in a pull request.

    Attributes:
        services: those that were planned; None where all were.
        changed: what differs, by service and target.
        models: versions that are live and were not, or differ.
        patched: resources whose entry in `modelport:resources` is another.
        pending: what differs between an exported state and the base's plan: the next update does it, too.
    """

    stack: str
    services: frozenset[str] | None
    base: Side
    head: Side
    changed: tuple[Changed, ...]
    models: tuple[Model, ...]
    patched: tuple[str, ...] = ()
    pending: tuple[Changed, ...] = ()

    @classmethod
    def between(
        cls,
        stack: str,
        services: frozenset[str] | None,
        base: Side,
        head: Side,
        roots: tuple[Path, Path],
        patched: tuple[str, ...] = (),
        state: Sequence[Row] | None = None,
    ) -> StackChange:
        """From two plans, and a state if there is one; `roots` are the folders of base and head, as in paths."""
        before = _moved(base.resources, *roots)
        pending = (
            compare_plans(state, _as_known(before, state), judged) if state is not None and not base.errors else []
        )
        changed = compare_plans(before, head.resources, judged) if not head.errors else []
        if services is not None:
            changed = [each for each in changed if each.owner.service]
        models = tuple(_models(base.resources, head.resources)) if not head.errors else ()
        return cls(stack, services, base, head, tuple(changed), models, patched, tuple(pending))

    @property
    def new_violations(self) -> list[Mapping[str, Any]]:
        """Violations of the head that the base does not have, mandatory ones first."""
        old = {_finding(each) for each in self.base.findings.get("violations", ())}
        new = [each for each in self.head.findings.get("violations", ()) if _finding(each) not in old]
        return sorted(new, key=lambda each: each["level"] == "advisory")

    @property
    def mended(self) -> int:
        """How many violations of the base the head has no more."""
        if self.head.errors:
            return 0
        left = {_finding(each) for each in self.head.findings.get("violations", ())}
        return sum(_finding(each) not in left for each in self.base.findings.get("violations", ()))

    def gates(self, allowed: Sequence[str]) -> Iterator[tuple[Gate, str]]:
        """What gates are about, each with what it is in words; `allowed` are URNs that may be replaced."""
        for error in self.head.errors:
            yield OF_CODES.get(self.head.exit_code, "failed"), error
        for each in self.new_violations:
            if each["level"] != "advisory" and not each["exempted"]:
                yield "violation", f"{each['rule']} on {_name(each['urn'])}"
        if self.head.findings.get("undecided"):
            yield "undecided", f"{len(self.head.findings['undecided'])} not decided"
        for changed in self.changed:
            yield from _gates_of(changed, allowed)
        for model in self.models:
            if model.succession and model.succession.breaking:
                yield "breaking", f"the model of {model.owner.service}"


def _gates_of(changed: Changed, allowed: Sequence[str]) -> Iterator[tuple[Gate, str]]:
    if changed.owner.target and changed.effect.interrupted == "yes":
        yield "interrupted", f"requests of {changed.owner.service} on {changed.owner.target}"
    for each in changed.changes:
        if each.kind == "delete":
            yield "deleted", each.name
        if each.kind == "replaces" and each.type in PRECIOUS and each.urn not in allowed:
            yield "replaced", each.urn


def _finding(violation: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    return violation["rule"], violation["urn"], violation["message"], violation["exempted"]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _moved(resources: Sequence[Row], base: Path, head: Path) -> Sequence[Row]:
    """The base's resources with its folder in paths replaced by the head's."""
    text = json.dumps(list(resources))
    moved: list[Row] = json.loads(text.replace(json.dumps(str(base))[1:-1], json.dumps(str(head))[1:-1]))
    return moved


def _as_known(plan: Sequence[Row], state: Sequence[Row]) -> list[Row]:
    """The plan with what it does not know yet as the state has it."""
    there = {row["urn"]: row.get("inputs", {}) for row in state}
    return [{**row, "inputs": _filled(row.get("inputs", {}), there.get(row["urn"]))} for row in plan]


def _filled(value: Any, known: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, known.get(key) if isinstance(known, dict) else None) for key, each in value.items()}
    if isinstance(value, list) and isinstance(known, list) and len(value) == len(known):
        return [_filled(one, other) for one, other in zip(value, known, strict=True)]
    return known if value == UNKNOWN else value


def _models(base: Sequence[Row], head: Sequence[Row]) -> Iterator[Model]:
    before, after = _live(base), _live(head)
    folders = {**_bundles(base), **_bundles(head)}
    for owner, role in dict.fromkeys([*before, *after]):
        old, new = before.get((owner, role)), after.get((owner, role))
        if old == new:
            continue
        pair = [folders.get(each["digest"]) if each else None for each in (old, new)]
        yield Model(owner, role, _shown(old), _shown(new), _succession(*pair))


def _live(rows: Sequence[Row]) -> dict[tuple[Owner, str], dict[str, Any]]:
    """The live versions of each service on each target, by their role."""
    found = {}
    for row in rows:
        parts = row["type"].split(":")
        if parts[0] == "modelport" and parts[2] == "Service":
            for role, version in zip(("stable", "candidate"), row.get("outputs", {}).get("live", ()), strict=False):
                found[Owner(row["inputs"]["service"], parts[1]), role] = version
    return found


def _shown(version: dict[str, Any] | None) -> str | None:
    if version is None:
        return None
    named = [] if version["version"] == UNKNOWN else [version["version"]]
    return " ".join([*named, version["digest"].removeprefix("sha256:")[:12], f"at {version['weight']} %"])


def _bundles(rows: Sequence[Row]) -> dict[str, Path]:
    """The folders of the bundles in a plan, by digest."""
    inputs = [row.get("inputs", {}) for row in rows]
    return {each["digest"]: Path(each["bundle"]) for each in inputs if "bundle" in each and "digest" in each}


def _succession(before: Path | None, after: Path | None) -> Succession | None:
    if before is None or after is None or before == after:
        return None
    try:
        return succession(load(before), load(after))
    except BundleError:
        return None
