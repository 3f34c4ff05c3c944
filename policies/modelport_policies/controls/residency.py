"""RSD: where models and the data of requests are."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.control import USUAL, Control, NotApplicable, parameter
from modelport_policies.kubernetes import WORKLOADS, is_bound_to
from modelport_policies.resource import Resource

FRAMEWORKS = ("GDPR 44", "ISO27018", "ISO27001 A.5.34", "SOC2 C1.1")


def pods_stay_at_their_site(workload: Resource) -> Iterable[str]:
    """`nodeSelector`, or every term of the required node affinity, leaves the pods no nodes but those with a label of
    parameter `sites`.
    """
    sites = workload.parameters["sites"]
    if not sites:
        raise NotApplicable("parameter sites names none: the whole cluster is approved")
    if not is_bound_to(workload, sites):
        yield f"its pods may run elsewhere than on nodes with {' or '.join(sites)}"


CONTROLS = (
    Control(
        id="RSD-06",
        title="Pods stay at approved sites",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Select the zone or the site in nodeSelector or a required node affinity.",
        checks=dict.fromkeys(WORKLOADS, pods_stay_at_their_site),
        parameters={
            "sites": parameter(
                "Labels of nodes, KEY=VALUE, of approved sites, like topology.kubernetes.io/zone=frankfurt-1; without "
                "any, the whole cluster is approved.",
                [],
            )
        },
    ),
)
