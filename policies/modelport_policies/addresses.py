"""Addresses and ports, as rules of networks of any cloud name them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from modelport_policies.resource import text

ALL_PORTS = (0, 65535)


def is_world(cidr: Any) -> bool:
    """Whether a network is larger than any private one."""
    try:
        network = ip_network(text(cidr), strict=False)
    except ValueError:
        return False
    return network.prefixlen < (8 if network.version == 4 else 7)


def called(range_: tuple[float, float]) -> str:
    """Ports in words."""
    first, last = range_
    if range_ == ALL_PORTS:
        return "all ports are"
    return f"port {first:g} is" if first == last else f"ports {first:g} to {last:g} are"
