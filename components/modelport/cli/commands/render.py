from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import counted, say, tell
from modelport.cli.errors import UsageError
from modelport.cli.generated import remove_others, write

from .options import Stack

if TYPE_CHECKING:
    from modelport.cli.planned import Object


def render(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.")],
    stack: Stack = None,
) -> None:
    """Write what `up` applies to a cluster as manifests with a kustomization, for GitOps. Asks nobody for anything.

    A file for each object, DIR/kustomization.yaml with their order, and DIR/patches with what is set on nodes that are
    there. What an earlier run has written for the stack and is no longer wanted is removed; files that modelport did
    not write are left alone. A violation of a mandatory policy stops it, as it does `up`.
    """
    from modelport.cli.kustomization import PATCHES, files
    from modelport.cli.planned import planned
    from modelport.cli.workspace import find_project

    plan = planned(stack)
    name = plan.workspace.stack
    if not plan.objects:
        raise UsageError(f"{name}\n  has no object of a cluster: there is nothing to apply.")
    project = find_project(plan.workspace.root).name
    mark = f"Written by `modelport render` for {project}/{name}: the next one overwrites changes."
    made = files(plan.objects, plan.patches, mark)
    for file, state in (*write(out, made, mark), *remove_others(out, made, mark)):
        say(f"{file}  {state}")
    for service in _with_shares(plan.objects):
        tell(
            f"{service}  whoever applies this does not wait for the candidate's pods, and it gets requests at once. "
            f"Unless its pods are there already: modelport rollout step {service} -s {name} --weight 0 --no-up"
        )
    if plan.artifacts:
        what = counted(len(plan.artifacts), "artefact")
        tell(f"{what} to be in registries and stores before: modelport images -s {name} --copy")
    if plan.patches:
        tell(f"nodes get their marks by: kubectl apply --server-side --field-manager=modelport -f {out / PATCHES}")
    say(f"next: kubectl apply --server-side -k {out}")


def _with_shares(objects: Iterable[Object]) -> list[str]:
    """The services whose candidate gets requests, or copies of some."""
    return sorted({made["metadata"]["labels"]["app.kubernetes.io/name"] for made in objects if _has_share(made)})


def _has_share(made: Object) -> bool:
    if made["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") != "modelport":
        return False
    if made["kind"] == "Deployment":
        return made["metadata"].get("annotations", {}).get("modelport/weight", "0") != "0"
    rules = made["spec"]["rules"] if made["kind"] == "HTTPRoute" else []
    return any("requestMirror" in each for rule in rules for each in rule.get("filters", []))
