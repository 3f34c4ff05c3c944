"""IDN, continued: what roles of a cluster let their holders do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.control import SEVERE, Control
from modelport_policies.kubernetes import BINDINGS
from modelport_policies.resource import Resource, at, items, text

ROLES = tuple(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}" for kind in ("Role", "ClusterRole"))
CHANGES = {"create", "update", "patch", "delete", "deletecollection"}
READS = {"get", "list", "watch"}
MORE_RIGHTS = {"escalate", "bind", "impersonate"}
DANGEROUS = {
    "pods": ({"create"}, "makes pods, with any service account of the namespace"),
    "pods/exec": (CHANGES | READS, "runs commands in pods"),
    "pods/attach": (CHANGES | READS, "attaches to pods"),
    "pods/proxy": (CHANGES | READS, "reaches pods through the API server"),
    "services/proxy": (CHANGES | READS, "reaches services through the API server"),
    "nodes/proxy": (CHANGES | READS, "reaches kubelets, which check nothing further"),
    "services/status": ({"update", "patch"}, "sets the addresses of services"),
    **dict.fromkeys(("endpoints", "endpointslices"), (CHANGES, "leads requests for services where it wants")),
    "serviceaccounts/token": ({"create"}, "makes tokens of service accounts"),
    "mutatingwebhookconfigurations": (CHANGES, "changes what is admitted"),
    "validatingwebhookconfigurations": (CHANGES, "changes what is admitted"),
    "certificatesigningrequests/approval": ({"update", "patch"}, "approves certificates"),
    "signers": ({"approve", "sign"}, "signs certificates"),
}
"""By resource: the verbs, and what they amount to."""
EVERYBODY = ("system:anonymous", "system:authenticated", "system:unauthenticated", "system:masters")


def role_is_narrow(role: Resource) -> Iterable[str]:
    """`rules` have no wildcard, no `escalate`, `bind` or `impersonate`, no rights over pods' insides, nodes, webhooks,
    certificates, tokens and where services lead, and read no secret that they do not name.
    """
    for rule in items(role.at("rules")):
        groups, resources, verbs = (set(map(text, items(at(rule, key)))) for key in ("apiGroups", "resources", "verbs"))
        for key, found in (("apiGroups", groups), ("resources", resources), ("verbs", verbs)):
            if any("*" in each for each in found):
                yield f"a rule has a wildcard in {key}"
        yield from (f"a rule has the verb {verb}" for verb in sorted(verbs & MORE_RIGHTS))
        for resource in sorted(resources & DANGEROUS.keys()):
            forbidden, what = DANGEROUS[resource]
            if verbs & forbidden:
                yield f"a rule lets {', '.join(sorted(verbs & forbidden))} {resource}: who has it {what}"
        if "secrets" in resources:
            yield from read_secrets(rule, verbs)
    if items(role.at("aggregationRule", "clusterRoleSelectors")):
        yield "aggregationRule: the role has what any other role of the cluster adds to it"


def read_secrets(rule: Any, verbs: set[str]) -> Iterator[str]:
    """Which secrets a rule reads, beyond those that it names."""
    if verbs & READS and not items(at(rule, "resourceNames")):
        yield "a rule reads every secret"
    elif verbs & {"list", "watch"}:
        yield "a rule lists or watches secrets, which shows their values"


def binding_is_narrow(binding: Resource) -> Iterable[str]:
    """`roleRef.name` is not `cluster-admin`; no subject is a group of everybody."""
    if binding.at("roleRef", "name") == "cluster-admin":
        yield "it gives cluster-admin"
    for subject in items(binding.at("subjects")):
        if (name := at(subject, "name")) in EVERYBODY:
            yield f"it gives rights to {name}"


CONTROLS = (
    Control(
        id="IDN-10",
        title="Roles are narrow, and nobody is made cluster-admin",
        severity="high",
        levels=SEVERE,
        frameworks=("NIST AC-6", "CIS K8s 5.1.1", "CIS K8s 5.1.2", "CIS K8s 5.1.3", "CIS K8s 5.1.8", "ISO27001 A.8.2"),
        remediation="Name the resources, verbs and secrets that are needed, and bind the role to one service account.",
        checks={**dict.fromkeys(ROLES, role_is_narrow), **dict.fromkeys(BINDINGS, binding_is_narrow)},
    ),
)
