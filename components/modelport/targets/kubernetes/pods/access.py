from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelport.plan import Plan

TOKENS, METRICS, KEYS = "tokens", "metrics", "jwks.json"
MOUNT = "/etc/access"
FOR_ITS_GROUP = 0o440


@dataclass
class Access:
    """How the server knows whom it may answer: files that lie in the cluster, and are no values here.

    Attributes:
        settings: of the server.
        volumes: with the files, of the pod.
    """

    settings: dict[str, str] = field(default_factory=dict)
    volumes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def mounts(self) -> list[dict[str, Any]]:
        """The files as the server sees them, also when they change."""
        names = [volume["name"] for volume in self.volumes]
        return [{"name": name, "mountPath": f"{MOUNT}/{name}", "readOnly": True} for name in names]


def access(plan: Plan) -> Access:
    """Everybody who reaches the port, unless the service wants bearers of tokens."""
    existing, granted = plan.environment.existing, Access()
    if plan.spec.security.auth != "bearer":
        return granted
    if existing.tokens is not None:
        source = {"secretName": existing.tokens, "items": [_item(TOKENS)], "defaultMode": FOR_ITS_GROUP}
        granted.volumes.append({"name": "tokens", "secret": source})
        granted.settings["MODELPORT_TOKEN_FILE"] = f"{MOUNT}/tokens/{TOKENS}"
    if existing.jwt_keys is not None:
        granted.volumes.append({"name": "keys", "configMap": {"name": existing.jwt_keys, "items": [_item(KEYS)]}})
        granted.settings["MODELPORT_JWT_KEYS"] = f"{MOUNT}/keys/{KEYS}"
        granted.settings["MODELPORT_JWT_ISSUER"] = str(existing.jwt_issuer)
        granted.settings["MODELPORT_JWT_AUDIENCE"] = str(existing.jwt_audience)
    return granted


def _item(key: str) -> dict[str, str]:
    return {"key": key, "path": key}
