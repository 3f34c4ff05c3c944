"""LOG on Kubernetes: what containers write reaches whatever collects it in the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.kubernetes import pod
from modelport_policies.resource import Resource, at, mapping, text

OPT_OUTS = (
    (re.compile(r"fluentbit\.io/exclude(_stdout|_stderr)?(-.+)?"), "true"),
    (re.compile(r"vector\.dev/exclude"), "true"),
    (re.compile(r"co\.elastic\.logs(\.[^/]+)?/enabled"), "false"),
    (re.compile(r"ad\.datadoghq\.com/([^/]+\.)?(logs_)?exclude"), "true"),
    (re.compile(r"(splunk\.com|sumologic\.com|log-shipper\.deckhouse\.io)/exclude"), "true"),
)
"""Labels and annotations by which collectors leave pods, containers or namespaces out, with their values."""
CONTAINERS_LEFT_OUT = "vector.dev/exclude-containers"
"""The annotation by which Vector leaves out the containers that it names."""


def pods_are_collected(workload: Resource) -> Iterable[str]:
    """No label or annotation of its pods keeps their logs, or those of one container, from a collector:
    `fluentbit.io/exclude`, `vector.dev/exclude`, `vector.dev/exclude-containers`, `co.elastic.logs/enabled: "false"`,
    `ad.datadoghq.com/logs_exclude`, `splunk.com/exclude`, `sumologic.com/exclude`, `log-shipper.deckhouse.io/exclude`,
    nor one of parameter `optOuts`.
    """
    yield from left_out(at(pod(workload), "metadata"), "its pods", workload.parameters["optOuts"])


def namespace_is_collected(namespace: Resource) -> Iterable[str]:
    """No label or annotation of its own does so for all its pods."""
    yield from left_out(namespace.at("metadata"), "all its pods", namespace.parameters["optOuts"])


def left_out(metadata: Any, whose: str, more: Iterable[str]) -> Iterator[str]:
    """What keeps logs from a collector."""
    for kind in ("labels", "annotations"):
        values = mapping(at(metadata, kind))
        for key in values:
            if key == CONTAINERS_LEFT_OUT or f"{key}={text(values[key])}" in more or is_opt_out(key, values):
                yield f"{key} keeps what {whose} write from the collector"


def is_opt_out(key: str, values: Any) -> bool:
    """Whether a label or annotation is one by which collectors leave something out."""
    return any(known.fullmatch(key) and text(values[key]).lower() == value for known, value in OPT_OUTS)
