"""RES, continued: what stays of a service where nodes are drained."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

from modelport_policies.bounds import FEWEST
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
    """`maxUnavailable` is not 0, or `minAvailable` leaves a pod of the fewest that there are; where there are several,
    one of them stays (percentages are rounded up). `unhealthyPodEvictionPolicy` is `AlwaysAllow`.
    """
    spec = budget.at("spec")
    most, least = at(spec, "maxUnavailable"), at(spec, "minAvailable")
    if at(spec, "unhealthyPodEvictionPolicy") != "AlwaysAllow":
        yield "unhealthyPodEvictionPolicy is not AlwaysAllow: pods that are not ready stand in a drain's way"
    if most is None and least is None:
        yield "neither maxUnavailable nor minAvailable is there: its nodes cannot be drained"
    elif text(most) in ("0", "0.0", "0%"):
        yield "maxUnavailable is 0: its nodes cannot be drained"
    elif least == "100%":
        yield "minAvailable is 100%: its nodes cannot be drained"
    elif most != 1:
        yield from keeps_all_or_none(budget, most, least)


def keeps_all_or_none(budget: Resource, most: Any, least: Any) -> Iterable[str]:
    """What is wrong with how many pods a budget keeps; it counts those of all workloads that it covers together."""
    covered = [each for each in beside(budget, *SCALED) if covers(budget, pod_labels(each))]
    bounds = [bounds_of_pods(each) for each in covered]
    lowest, highest = (sum(each[end] for each in bounds) for end in (0, 1))
    fewest, pods = max(lowest, 1), lowest if lowest >= FEWEST else highest
    said = f"maxUnavailable is {show(most)}" if least is None else f"minAvailable is {show(least)}"
    names = ", ".join(each.name for each in covered)
    if covered and least is not None and amount(least, fewest) >= fewest:
        yield f"{said}, all the pods of {names}: its nodes cannot be drained"
    if pods >= FEWEST and (pods - amount(most, pods) if least is None else amount(least, pods)) <= 0:
        yield f"{said}: a drain may take all the pods of {names} at once"


def amount(given: Any, pods: float) -> float:
    """How many of so many pods a number or a percentage is."""
    share, sign, _ = text(given).partition("%")
    return ceil(pods * int(share) / 100) if sign and share.isdecimal() else number(given, 0)


def show(given: Any) -> str:
    """A number or a percentage in a message."""
    return f"{given:g}" if isinstance(given, float) else str(given)


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
