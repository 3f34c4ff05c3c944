"""What a stack wants of its cluster, found out without the cluster, a cloud or a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .policies import policy_pack, with_own_policies
from .wanted import resources_wanted
from .workspace import Workspace

if TYPE_CHECKING:
    from modelport_engine.state.resource import Resource

Object = dict[str, Any]

PROVIDER, KUBERNETES, ARTIFACT = "pulumi:providers:", "kubernetes:", "modelport:artifact:"
WHICH_CLUSTER = ("cluster", "context", "kubeconfig")
BEFORE_ALL = ("CustomResourceDefinition", "Namespace")
REMEDY = (
    "What is secret, or made with the update, is no matter for files: have it in the cluster or the store before, and "
    "name it in modelport:existing or in your program."
)


@dataclass(frozen=True)
class Planned:
    """The objects of a stack as `up` applies them.

    Attributes:
        workspace: the stack.
        objects: in an order in which they can be applied.
        patches: fields that are set on objects of others.
        artifacts: the inputs and outputs of images and bundles that are brought to registries and stores, by type.
    """

    workspace: Workspace
    objects: Sequence[Object]
    patches: Sequence[Object]
    artifacts: Sequence[tuple[str, dict[str, Any]]]


def planned(stack: str | None) -> Planned:
    """What the program of a stack wants, judged by the policies.

    Raises:
        UsageError: it wants something that is no object of one cluster, or whose values are secret or not known yet.
        Exit: the program or the policies have failed, which was told.
    """
    from modelport_engine.kubernetes.checks import is_patch
    from modelport_engine.protocol.urn import Urn

    workspace = with_own_policies(Workspace.find(stack))
    resources = resources_wanted(workspace, policy_pack(), undone="nothing was written")
    wanted = [each for each in _in_order(resources) if each.custom and not each.external]
    of_cluster = [each for each in wanted if each.type.startswith(KUBERNETES)]
    _refuse_others(workspace, wanted)
    providers = {each.urn: each.inputs for each in wanted if each.type == f"{PROVIDER}kubernetes"}
    _refuse_second_cluster(workspace, [providers.get(each.provider_urn, {}) for each in of_cluster])
    objects, patches = [], []
    for resource, made in _manifests(workspace, of_cluster, providers):
        (patches if is_patch(Urn(resource.urn), made) else objects).append(made)
    artifacts = [(each.type, {**each.inputs, **each.outputs}) for each in wanted if each.type.startswith(ARTIFACT)]
    first = sorted(objects, key=lambda made: made["kind"] not in BEFORE_ALL)
    return Planned(workspace, first, patches, artifacts)


def _in_order(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Each after what it needs; always the same for the same resources."""
    by_urn = {each.urn: each for each in resources}
    sorter = TopologicalSorter({urn: each.needs & by_urn.keys() for urn, each in by_urn.items()})
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from (by_urn[urn] for urn in ready)
        sorter.done(*ready)


def _refuse_others(workspace: Workspace, wanted: Iterable[Resource]) -> None:
    others = [_called(each) for each in wanted if not each.type.startswith((KUBERNETES, ARTIFACT, PROVIDER))]
    if others:
        raise UsageError(
            f"{workspace.stack}\n  has what is no object of a cluster: {', '.join(others)}.\n"
            "  Only a stack all of whose services run on kubernetes can be written as manifests."
        )


def _refuse_second_cluster(workspace: Workspace, providers: Iterable[dict[str, Any]]) -> None:
    clusters: list[list[Any]] = []
    for inputs in providers:
        if (cluster := [inputs.get(name) for name in WHICH_CLUSTER]) not in clusters:
            clusters.append(cluster)
    if len(clusters) > 1:
        raise UsageError(f"{workspace.stack}\n  has objects of {len(clusters)} clusters. Have a stack for each.")


def _manifests(
    workspace: Workspace, resources: Iterable[Resource], providers: dict[str, dict[str, Any]]
) -> list[tuple[Resource, Object]]:
    from modelport_engine.kubernetes.manifests import NoManifest, manifest

    made, problems = [], []
    for each in resources:
        namespace = providers.get(each.provider_urn, {}).get("namespace")
        try:
            made.append((each, manifest(each, namespace if isinstance(namespace, str) else "")))
        except NoManifest as error:
            problems += [f"  {_called(each)}: {reason}" for reason in str(error).splitlines()]
    if problems:
        raise UsageError("\n".join([workspace.stack, *problems, f"  {REMEDY}"]))
    return made


def _called(resource: Resource) -> str:
    return f"{resource.urn.split('::')[3]} ({resource.type})"
