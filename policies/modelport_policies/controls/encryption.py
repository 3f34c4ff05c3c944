"""ENC: what is stored and sent is encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.control import SEVERE, Control
from modelport_policies.kubernetes import INGRESS
from modelport_policies.resource import Resource, at, items, mapping, text

TRANSIT = ("NIST SC-8", "ISO27001 A.8.24", "SOC2 CC6.7", "PCI 4.2.1", "HIPAA 164.312(e)(1)")
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
ENCRYPTED = ("HTTPS", "TLS")
PLAIN = {
    "kubernetes.io/ingress.allow-http": "true",
    "nginx.ingress.kubernetes.io/ssl-redirect": "false",
    "ingress.kubernetes.io/ssl-redirect": "false",
    "haproxy.org/ssl-redirect": "false",
}
"""Annotations that open a door without TLS."""
PROTOCOLS = ("nginx.ingress.kubernetes.io/ssl-protocols", "alb.ingress.kubernetes.io/ssl-policy")
OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2015-05")
ALB_PORTS = "alb.ingress.kubernetes.io/listen-ports"


def ingress_is_encrypted(ingress: Resource) -> Iterable[str]:
    """`spec.tls` has every host of `rules`; no annotation allows plain HTTP, or TLS before 1.2."""
    covered = {text(host) for entry in items(ingress.at("spec", "tls")) for host in items(at(entry, "hosts"))}
    hosts = [text(at(rule, "host")) for rule in items(ingress.at("spec", "rules"))]
    for host in dict.fromkeys(hosts):
        if not is_covered(host, covered) and (host or not items(ingress.at("spec", "tls"))):
            yield f"{host or 'a rule without a host'} has no TLS"
    if not hosts and not items(ingress.at("spec", "tls")):
        yield "there is no TLS"
    yield from allowed(mapping(ingress.at("metadata", "annotations")))


def is_covered(host: str, covered: set[str]) -> bool:
    """Whether one of the names of a certificate is the host's, be it with a wildcard for its first part."""
    return host in covered or f"*.{host.partition('.')[2]}" in covered


def allowed(annotations: Mapping[str, Any]) -> Iterable[str]:
    """What annotations allow besides TLS from 1.2 on."""
    yield from (f"{key} is {value}" for key, value in PLAIN.items() if text(at(annotations, key)).lower() == value)
    if "HTTP" in text(at(annotations, ALB_PORTS)).replace("HTTPS", "") and not at(
        annotations, "alb.ingress.kubernetes.io/ssl-redirect"
    ):
        yield f"{ALB_PORTS} has plain HTTP"
    for key in PROTOCOLS:
        if old := [each for each in text(at(annotations, key)).split() if each in OLD]:
            yield f"{key} allows {', '.join(old)}"


def listeners_are_encrypted(gateway: Resource) -> Iterable[str]:
    """Every one of `spec.listeners` has the protocol HTTPS or TLS."""
    for listener in items(gateway.at("spec", "listeners")):
        if (protocol := at(listener, "protocol")) not in ENCRYPTED:
            yield f"listener {at(listener, 'name')} takes {protocol}"


CONTROLS = (
    Control(
        id="ENC-07",
        title="Ways in take TLS from 1.2 on and nothing else",
        severity="high",
        levels=SEVERE,
        frameworks=TRANSIT,
        remediation="Give every host a certificate, and remove what allows plain HTTP or old protocols.",
        checks={INGRESS: ingress_is_encrypted, GATEWAY: listeners_are_encrypted},
    ),
)
