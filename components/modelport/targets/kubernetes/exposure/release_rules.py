from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec

from .doors import is_routed

ALL_AT_ONCE = (
    "Open the service by modelport:existing.gateway, internalGateway or gatewayClass, or start with --weight 0 "
    "(weight: 0, no mirror): the candidate is tried by its own Service, and promote gives it all requests at once."
)


def release_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with the shares of the live versions."""
    name = spec.metadata.name
    live = environment.releases.get(name)
    if live is None or is_routed(environment.existing, spec.security.exposure):
        return
    for field, share in (("weight", live.weight), ("mirror", live.mirror)):
        if share:
            reason = "only Gateway API divides requests between versions, and none of it leads to the service"
            yield Objection(f"modelport:releases.{name}.{field}", share, reason, ALL_AT_ONCE)
