from modelport.spec import ModelSpec

from . import burn, quality, saturation, silence
from .alert import AlertRule, Kind

KINDS: tuple[Kind, ...] = (
    *(burn.AVAILABILITY, burn.LATENCY),
    *(saturation.TURNED_AWAY, saturation.IN_FLIGHT, saturation.QUEUE),
    *(saturation.CPU, saturation.MEMORY, saturation.ACCELERATOR_MEMORY),
    *(silence.ABSENT, silence.DOWN, silence.MISSING, silence.TRAFFIC),
    *(quality.AGE, quality.DRIFT),
)
"""Every kind of alert that there is."""


def alert_rules(spec: ModelSpec) -> tuple[AlertRule, ...]:
    """The alerts that follow from a service's config, in a stable order; none if `alerts.enabled` is false."""
    if not spec.monitoring.alerts.enabled:
        return ()
    return (
        *burn.burn_rules(spec),
        *saturation.saturation_rules(spec),
        *silence.silence_rules(spec),
        *quality.quality_rules(spec),
    )
