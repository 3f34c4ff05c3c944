"""How the container that fetches a model gets out: through which proxy, and which authorities it trusts."""

from __future__ import annotations

from typing import Any

from modelport.spec import Existing

from . import store

MOUNT = "/etc/authorities"
VOLUME = "authorities"


def env(existing: Existing) -> dict[str, str]:
    """What the libraries go by that speak with stores and registries."""
    trusted = {"REQUESTS_CA_BUNDLE": f"{MOUNT}/{_key(existing)}"} if existing.ca else {}
    without = {"NO_PROXY": ",".join(existing.no_proxy)} if existing.no_proxy else {}
    return {**({"HTTPS_PROXY": existing.proxy} if existing.proxy else {}), **without, **trusted}


def volumes(existing: Existing) -> list[dict[str, Any]]:
    """The certificates of the authorities, if they are given."""
    if existing.ca is None:
        return []
    items = [{"key": _key(existing), "path": _key(existing)}]
    return [{"name": VOLUME, "configMap": {"name": existing.ca.partition("/")[0], "items": items}}]


def mounts(existing: Existing) -> list[dict[str, Any]]:
    """Where they are."""
    return [{"name": each["name"], "mountPath": MOUNT, "readOnly": True} for each in volumes(existing)]


def ports(existing: Existing, stores: list[Any]) -> list[int]:
    """The TCP ports that are asked: the proxy's, and those of stores unless every way leads through it."""
    direct = stores if existing.proxy is None or existing.no_proxy else []
    return sorted({store.port(each) for each in (*direct, *filter(None, [existing.proxy]))})


def _key(existing: Existing) -> str:
    return str(existing.ca).partition("/")[2]
