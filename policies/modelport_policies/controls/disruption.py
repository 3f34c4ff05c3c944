"""RES, continued: what stays of a service where nodes are drained."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

from modelport_policies.control import USUAL, Control, NotApplicable
from modelport_policies.controls.resilience import FRAMEWORKS, has_one_pod
from modelport_policies.kubernetes import SCALED, beside, bounds_of_pods, pod_labels, selects
from modelport_policies.resource import Resource, at, number, text

BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"


def drains_leave_some(workload: Resource) -> Iterable[str]:
    """One `PodDisruptionBudget` of the namespace selects the pods."""
    if has_one_pod(workload):
        raise NotApplicable("a budget for one pod leaves a drain nothing to do")
    labels = pod_labels(workload)
    budgets = [each for each in beside(workload, BUDGET) if covers(each, labels)]
    if not budgets:
        yield "no PodDisruptionBudget covers its pods: a drain may take all of them at once"
    if len(budgets) > 1:
        yield f"{', '.join(each.name for each in budgets)} cover the same pods: the API refuses to evict them"


def covers(budget: Resource, labels: Any) -> bool:
    """Whether a budget is about pods with these labels; one without a selector is about none."""
    selector = budget.at("spec", "selector")
    return selector is not None and selects(selector, labels)


def drains_go_on(budget: Resource) -> Iterable[str]:
    """`maxUnavailable` is not 0, `minAvailable` (a percentage rounded up) leaves a pod of the fewest that there are,
    `unhealthyPodEvictionPolicy` is `AlwaysAllow`.
    """
    spec = budget.at("spec")
    most, least = at(spec, "maxUnavailable"), at(spec, "minAvailable")
    if text(most) in ("0", "0.0", "0%"):
        yield "maxUnavailable is 0: its nodes cannot be drained"
    if least == "100%":
        yield "minAvailable is 100%: its nodes cannot be drained"
    elif least is not None:
        for workload in beside(budget, *SCALED):
            if covers(budget, pod_labels(workload)) and kept(least, pods := fewest_pods(workload)) >= pods:
                yield f"minAvailable is {show(least)}, all the pods of {workload.name}: its nodes cannot be drained"
    if at(spec, "unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield "unhealthyPodEvictionPolicy is not AlwaysAllow: pods that are not ready stand in a drain's way"


def fewest_pods(workload: Resource) -> float:
    """How few pods a workload may have while it serves: its autoscaler says so, or else its own number."""
    return max(bounds_of_pods(workload)[0], 1)


def kept(least: Any, pods: float) -> float:
    """How many of so many pods `minAvailable` keeps."""
    share, sign, _ = text(least).partition("%")
    return ceil(pods * int(share) / 100) if sign and share.isdecimal() else number(least, 0)


def show(least: Any) -> str:
    """`minAvailable` in a message."""
    return f"{least:g}" if isinstance(least, float) else str(least)


CONTROLS = (
    Control(
        id="RES-05",
        title="A disruption budget covers the pods and lets nodes be drained",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Add one PodDisruptionBudget with maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow.",
        checks={**dict.fromkeys(SCALED, drains_leave_some), BUDGET: drains_go_on},
        scope="stack",
    ),
)
