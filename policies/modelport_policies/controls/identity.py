"""IDN: who a service is, and where its secrets are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelport_policies.control import CRITICAL, SEVERE, USUAL, Control, NotApplicable
from modelport_policies.kubernetes import (
    BINDINGS,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    WORKLOADS,
    containers,
    mark,
    pod,
    pod_spec,
)
from modelport_policies.resource import Resource, UnknownValueError, at, is_set, items, mapping, text

FRAMEWORKS = (
    *("NIST AC-2", "NIST AC-3", "NIST AC-6", "NIST IA-5", "ISO27001 A.5.15", "ISO27001 A.8.2", "SOC2 CC6.1"),
    *("PCI 7.2", "PCI 8.6", "HIPAA 164.312(a)(1)"),
)
SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
NOT_THE_SECRET = re.compile(r"_?(file|path|dir|name|url|uri|id|ttl|timeout)$", re.IGNORECASE)
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----")
DECLARATION = "service-account-token"


def identity_is_its_own(workload: Resource) -> Iterable[str]:
    """`serviceAccountName` of the pod is set, and not `default`."""
    spec = pod_spec(workload)
    if not is_set(spec, "serviceAccountName"):
        deprecated = ", only the deprecated serviceAccount" if is_set(spec, "serviceAccount") else ""
        yield f"the pod has no serviceAccountName{deprecated}"
    elif is_default(spec):
        yield "the pod runs as the service account default, which it shares with others"


def is_default(spec: object) -> bool:
    """Whether pods share the service account of their namespace; one that is not known yet is made for them."""
    try:
        return bool(at(spec, "serviceAccountName") == "default")
    except UnknownValueError:
        return False


def binds_no_default_account(binding: Resource) -> Iterable[str]:
    """No subject is the service account `default`."""
    for subject in items(binding.at("subjects")):
        if at(subject, "kind") == "ServiceAccount" and at(subject, "name") == "default":
            yield f"it gives rights to the service account default of {at(subject, 'namespace') or 'its namespace'}"


def secrets_are_files(workload: Resource) -> Iterable[str]:
    """`env` and `envFrom` of no container have a secret, neither by reference nor as a value."""
    for name, container in containers(workload):
        for variable in items(at(container, "env")):
            called = text(at(variable, "name"))
            if is_set(at(variable, "valueFrom"), "secretKeyRef"):
                yield f"container {name}: the variable {called} has a secret"
            elif is_secret(called) and is_set(variable, "value"):
                yield f"container {name}: the variable {called} has what is called a secret as a value"
        if any(is_set(source, "secretRef") for source in items(at(container, "envFrom"))):
            yield f"container {name} has a whole secret as variables"


def settings_have_no_secrets(settings: Resource) -> Iterable[str]:
    """`data` has neither a key that is called like a secret nor a private key."""
    data = mapping(settings.at("data"))
    for key in data:
        if is_secret(key) and is_set(data, key):
            yield f"data.{key} has what is called a secret"
        elif PRIVATE_KEY.search(text(data[key])):
            yield f"data.{key} has a private key"


def is_secret(name: str) -> bool:
    """Whether a setting is called like a secret, not like the place of one."""
    return bool(SECRET.search(name)) and not NOT_THE_SECRET.search(name)


def has_no_token(workload: Resource) -> Iterable[str]:
    """`automountServiceAccountToken` of the pod is false; or a label or annotation `service-account-token` of the
    workload is `required`.
    """
    if mark(workload, DECLARATION.replace("-", "")) == "required":
        raise NotApplicable("it is declared that its pods talk to the API server")
    if at(pod(workload), "spec", "automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken of the pod is not false"


def hands_out_no_token(account: Resource) -> Iterable[str]:
    """`automountServiceAccountToken` is false."""
    if account.at("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


CONTROLS = (
    Control(
        id="IDN-02",
        title="Each service has an identity of its own",
        severity="high",
        levels=SEVERE,
        frameworks=(*FRAMEWORKS, "CIS K8s 5.1.5"),
        remediation="Make a service account for the service, and name it in serviceAccountName.",
        checks={**dict.fromkeys(WORKLOADS, identity_is_its_own), **dict.fromkeys(BINDINGS, binds_no_default_account)},
    ),
    Control(
        id="IDN-09",
        title="Secrets are in no environment and no settings",
        severity="critical",
        levels=CRITICAL,
        frameworks=(*FRAMEWORKS, "NIST IA-5(7)", "PCI 8.6.2", "CIS K8s 5.4.1"),
        remediation="Mount the secret as a file, or use the identity of the pod.",
        checks={**dict.fromkeys(WORKLOADS, secrets_are_files), CONFIG_MAP: settings_have_no_secrets},
    ),
    Control(
        id="IDN-11",
        title="Pods get no token of the cluster unless they need one",
        severity="medium",
        levels=USUAL,
        frameworks=("CIS K8s 5.1.6", "NIST AC-6"),
        remediation="Set automountServiceAccountToken: false; what talks to the API server has the annotation "
        f"{DECLARATION}: required.",
        checks={**dict.fromkeys(WORKLOADS, has_no_token), SERVICE_ACCOUNT: hands_out_no_token},
    ),
)
