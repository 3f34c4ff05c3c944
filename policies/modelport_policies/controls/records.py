"""LOG: what is kept of requests and answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.control import SEVERE, Control, NotApplicable
from modelport_policies.kubernetes import CONFIG_MAP, WORKLOADS, containers, mark
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

FRAMEWORKS = ("GDPR 5", "GDPR 25", "GDPR 35", "ISO27701", "HIPAA 164.502(b)", "ISO42001 A.7")
CAPTURE = "MODELPORT_CAPTURE"
"""Setting of modelport's server that has it keep inferences; `..._SAMPLE` and `..._REDACT` say which and what."""
CARE = {"SAMPLE": "every request is kept", "REDACT": "no value is left out"}


def pods_keep_with_care(workload: Resource) -> Iterable[str]:
    """Where `env` of a container has `MODELPORT_CAPTURE`, a label or annotation `data-class` is there; if it is
    `personal`, the container has `MODELPORT_CAPTURE_SAMPLE` and `MODELPORT_CAPTURE_REDACT`.
    """
    variables = [{text(at(each, "name")): each for each in items(at(one, "env"))} for _, one in containers(workload)]
    yield from careless(workload, [each for each in variables if CAPTURE in each])


def settings_keep_with_care(settings: Resource) -> Iterable[str]:
    """Where `data` has `MODELPORT_CAPTURE`, the same."""
    data = mapping(settings.at("data"))
    yield from careless(settings, [data] if is_set(data, CAPTURE) else [])


def careless(resource: Resource, keeping: list[Mapping[str, Any]]) -> Iterable[str]:
    """What is missing where servers with these settings keep requests."""
    if not keeping:
        raise NotApplicable("it does not say that requests are kept")
    data_class = mark(resource, "dataclass")
    if not data_class:
        yield "requests are kept, and nothing says of which class their data is"
    if data_class == "personal":
        for given in keeping:
            yield from (
                f"personal data is kept, and {fault}: {CAPTURE}_{name} is missing"
                for name, fault in CARE.items()
                if not is_set(given, f"{CAPTURE}_{name}")
            )


CONTROLS = (
    Control(
        id="LOG-09",
        title="What is kept of personal data is a declared part of it",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Label the data's class; of personal data, keep a share of the requests, without the values that "
        "nobody needs.",
        checks={**dict.fromkeys(WORKLOADS, pods_keep_with_care), CONFIG_MAP: settings_keep_with_care},
    ),
)
