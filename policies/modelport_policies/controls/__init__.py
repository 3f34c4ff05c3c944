"""The catalogue: a module per family, and in a folder per cloud what it asks there. A new control is a `Control` in its
family's `CONTROLS`, and its fixtures.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelport_policies.control import Control
from modelport_policies.controls import (
    budget,
    cost,
    disruption,
    encryption,
    governance,
    identity,
    monitoring,
    network,
    parity,
    placement,
    pods,
    rbac,
    records,
    residency,
    resilience,
    risk,
    signatures,
    supply_chain,
)

FAMILIES = (
    *(encryption, network, identity, rbac, records, supply_chain, signatures),
    *(pods, placement, resilience, disruption, cost, budget, residency, governance, monitoring, risk, parity),
)


def catalogue(exemption_problems: Sequence[str] = (), own: Sequence[Control] = ()) -> tuple[Control, ...]:
    """Every control, with a project's own, and the one over the exemptions last; that one reports these problems."""
    controls = [control for family in FAMILIES for control in family.CONTROLS]
    return (*controls, *own, governance.exemptions_in_order(exemption_problems))
