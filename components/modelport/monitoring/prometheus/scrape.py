from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scrape:
    """How Prometheus knows the series of one service.

    Attributes:
        labels: that all series of its instances bear, and nobody else's.
        pods: regular expression of its pods' names, by which exporters of the node tell whose accelerator it is; None
            outside of Kubernetes.
    """

    service: str
    labels: Mapping[str, str] = field(default_factory=dict)
    pods: str | None = None

    @classmethod
    def of_job(cls, service: str) -> Scrape:
        """Of a scrape job that bears the service's name."""
        return cls(service, {"job": service})

    @classmethod
    def of_pods(cls, service: str, namespace: str, pods: str | None = None) -> Scrape:
        """Of pods in a namespace, by the monitor of `objects`, which names the job after the service."""
        return cls(service, {"job": service, "namespace": namespace}, pods or f"{service}-.+")

    @property
    def namespace(self) -> str | None:
        """Where the pods are; None outside of Kubernetes."""
        return self.labels.get("namespace")

    @property
    def names(self) -> dict[str, str]:
        """The labels of what rules make of the series, which aggregation leaves bare: the service and where it is."""
        return {"service": self.service} | ({"namespace": self.namespace} if self.namespace else {})

    def series(self, metric: str, *matchers: str) -> str:
        """The series of a metric of the service; `matchers` are more conditions, like `status=~"5.."`."""
        return f"{metric}{{{','.join((*matching(self.labels), *matchers))}}}"


def matching(labels: Mapping[str, str]) -> list[str]:
    """The labels as conditions."""
    return [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items()]
