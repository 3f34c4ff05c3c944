"""Alerts on what runs out: room for requests, cores, memory."""

from collections.abc import Iterator

from modelport.spec import Duration, ModelSpec

from .alert import AlertRule, Condition, Kind, Severity
from .readings import Reading, Signal

TURNED_AWAY = Kind(
    "requests-turned-away", "saturation", "Requests are refused because too many wait already.", ("page", "ticket")
)
IN_FLIGHT = Kind("in-flight-high", "saturation", "Instances work on about as many requests as they should.")
QUEUE = Kind("queue-long", "saturation", "More requests wait for the model than an instance should work on.")
CPU = Kind("cpu-high", "saturation", "Instances use nearly all of their cores.")
MEMORY = Kind("memory-high", "saturation", "An instance holds nearly all of its memory.")
ACCELERATOR_MEMORY = Kind("accelerator-memory-high", "saturation", "An accelerator's memory is nearly full.")

SHARES_TURNED_AWAY: dict[Severity, float] = {"page": 0.1, "ticket": 0.01}
LEAST_TURNED_AWAY = 10
NEARLY_ALL = 0.9
NEARLY_FULL = 0.95
"""Of an accelerator's memory; onnxruntime keeps what it has once had, so more of it in use is usual."""

FIVE_MINUTES, TEN_MINUTES, FIFTEEN_MINUTES, HALF_AN_HOUR = map(Duration.parse, ("5m", "10m", "15m", "30m"))


def saturation_rules(spec: ModelSpec) -> Iterator[AlertRule]:
    """The rules on requests that find no room and on resources that run out."""
    yield from _turned_away(spec.metadata.name)
    yield from _requests(spec)
    yield from _resources(spec)


def _turned_away(service: str) -> Iterator[AlertRule]:
    for severity, share in SHARES_TURNED_AWAY.items():
        yield AlertRule(
            name=f"{TURNED_AWAY.name}-{severity}",
            kind=TURNED_AWAY,
            service=service,
            severity=severity,
            summary=f"{service}: more than {100 * share:g} % of the requests of 15m are turned away",
            conditions=(
                Condition(Reading(Signal.TURNED_AWAY_SHARE, FIFTEEN_MINUTES), ">", share),
                Condition(Reading(Signal.TURNED_AWAY, FIFTEEN_MINUTES), ">=", LEAST_TURNED_AWAY),
            ),
            lasting=FIVE_MINUTES,
        )


def _requests(spec: ModelSpec) -> Iterator[AlertRule]:
    service, most = spec.metadata.name, spec.request.concurrency
    busy = Condition(Reading(Signal.IN_FLIGHT, FIFTEEN_MINUTES), ">=", NEARLY_ALL * most)
    waiting = Condition(Reading(Signal.WAITING, TEN_MINUTES), ">=", most)
    yield _ticket(
        IN_FLIGHT, service, f"instances work on {busy.threshold:g} requests or more at once, of {most}, for 15m", busy
    )
    yield _ticket(QUEUE, service, f"{most} requests or more wait for the model in each instance", waiting, FIVE_MINUTES)


def _resources(spec: ModelSpec) -> Iterator[AlertRule]:
    service, compute = spec.metadata.name, spec.compute
    cpu = Reading(Signal.CPU, HALF_AN_HOUR, granted=compute.cpu)
    memory = Reading(Signal.MEMORY, granted=compute.memory.bytes)
    text = f"instances use more than {100 * NEARLY_ALL:g} % of {compute.cpu:g} cores, for 30m"
    yield _ticket(CPU, service, text, Condition(cpu, ">", NEARLY_ALL))
    text = f"an instance holds more than {100 * NEARLY_ALL:g} % of {compute.memory} of memory"
    yield _ticket(MEMORY, service, text, Condition(memory, ">", NEARLY_ALL), TEN_MINUTES)
    if compute.accelerator:
        full = Condition(Reading(Signal.ACCELERATOR_MEMORY), ">", NEARLY_FULL)
        text = f"an accelerator's memory is more than {100 * NEARLY_FULL:g} % full"
        yield _ticket(ACCELERATOR_MEMORY, service, text, full, TEN_MINUTES)


def _ticket(kind: Kind, service: str, text: str, condition: Condition, lasting: Duration | None = None) -> AlertRule:
    return AlertRule(kind.name, kind, service, "ticket", f"{service}: {text}", (condition,), lasting)
