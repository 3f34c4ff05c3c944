"""Users of a cluster, from those with a few rights to those whom nobody knows."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt

from .api import Api
from .control_plane import ControlPlane
from .kubeconfigs import bearer, write_kubeconfig
from .waiting import until

Rule = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
ISSUER = "https://kubernetes.default.svc"


@contextmanager
def user_with(cluster: ControlPlane, rules: Sequence[Rule], namespace: str | None = None) -> Iterator[Path]:
    """The kubeconfig of a user with these rights and no more, for as long as the context lasts.

    Args:
        rules: as a Role has them.
        namespace: where they hold; None is everywhere.
    """
    name, scope = f"user-{uuid.uuid4().hex[:8]}", {"namespace": namespace} if namespace else {}
    role, binding = ("Role", "RoleBinding") if namespace else ("ClusterRole", "ClusterRoleBinding")
    metadata, version = {"name": name, **scope}, f"{RBAC}/v1"
    kubeconfig = cluster.issue(name, name)
    subjects = [{"kind": "User", "name": name, "apiGroup": RBAC}]
    reference = {"kind": role, "name": name, "apiGroup": RBAC}
    cluster.api.create({"apiVersion": version, "kind": role, "metadata": metadata, "rules": list(rules)})
    cluster.api.create(
        {"apiVersion": version, "kind": binding, "metadata": metadata, "subjects": subjects, "roleRef": reference}
    )
    try:
        until(lambda: _in_force(Api(kubeconfig), rules, namespace or "default"))
        yield kubeconfig
    finally:
        for kind in (binding, role):
            cluster.api.delete(version, kind, name, namespace)


def account(cluster: ControlPlane, seconds: int) -> Path:
    """The kubeconfig of an account without rights, whose token expires in so many seconds; below 0, it has."""
    now, uid = int(time.time()), cluster.api.get("v1", "ServiceAccount", "default", "default")["metadata"]["uid"]
    claims = {
        "iss": ISSUER,
        "aud": [ISSUER],
        "sub": "system:serviceaccount:default:default",
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "default", "uid": uid}},
        "iat": now - 3600,
        "nbf": now - 3600,
        "exp": now + seconds,
    }
    key = (cluster.folder / "pki" / "service-account.key").read_text()
    return _with_token(cluster, f"account{seconds}", jwt.encode(claims, key, algorithm="ES256"))


def unknown(cluster: ControlPlane) -> Path:
    """The kubeconfig of somebody whose token the cluster never gave out."""
    return _with_token(cluster, "unknown", "not-a-token-of-this-cluster")


def astray(cluster: ControlPlane) -> Path:
    """The administrator's kubeconfig for an address where nobody listens."""
    path = cluster.folder / "astray.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(cluster.kubeconfig.read_text().replace(cluster.server, "https://127.0.0.1:1"))
    return path


def _with_token(cluster: ControlPlane, name: str, token: str) -> Path:
    authority = cluster.folder / "pki" / "ca.crt"
    return write_kubeconfig(cluster.folder / f"{name}.kubeconfig", cluster.server, authority, bearer(token))


def _in_force(api: Api, rules: Sequence[Rule], namespace: str) -> bool:
    """Whether the API server, which learns of roles a moment after they are made, grants what the rules say."""
    version, kind = "authorization.k8s.io/v1", "SelfSubjectRulesReview"
    review = {"apiVersion": version, "kind": kind, "metadata": {}, "spec": {"namespace": namespace}}
    status = api.create(review)["status"]
    granted = [*status["resourceRules"], *status["nonResourceRules"]]
    return all(rule in granted for rule in rules)
