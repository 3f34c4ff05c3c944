"""LOG on Azure: what endpoints, storage, vaults, registries and networks keep of what happens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelport_policies.azure import DIAGNOSTIC_SETTING, ENDPOINT, FLOW_LOG, REGISTRY, VAULT, collections
from modelport_policies.bounds import LEAST_RETENTION
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, in_production, is_of, known, owners, tag
from modelport_policies.resource import Resource, at, is_set, items, number, text, type_of

DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
ALL = {"allLogs"}
TRAFFIC = "AmlOnlineEndpointTrafficLog"
CONSOLE = "AmlOnlineEndpointConsoleLog"
OF_BLOBS = {"StorageRead", "StorageWrite", "StorageDelete"}
AUDITED = {
    VAULT: {"AuditEvent"},
    REGISTRY: {"ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"},
}
"""The logs that say who did what."""
OF_ENDPOINT = "/onlineEndpoints/"
SUBSCRIPTION = re.compile(r"/?subscriptions/[^/]+/?")


def production_is_captured(deployment: Resource) -> Iterable[str]:
    """`properties.dataCollector` collects, or a `DiagnosticSetting` of the stack keeps `AmlOnlineEndpointTrafficLog` of
    the endpoint, unless a tag `environment` is dev or test.
    """
    in_production(deployment)
    if any(collections(deployment)):
        return
    if not any({TRAFFIC, *ALL} & kept(endpoint) for endpoint in owners(deployment, "endpointName", ENDPOINT)):
        yield "nothing is kept of requests and answers"


def kept(owner: Resource) -> set[str]:
    """The logs of a resource that settings of the stack keep somewhere."""
    return {log for setting in settings(owner) for log in logs(setting)}


def settings(owner: Resource) -> Iterator[Resource]:
    """The settings of the stack about the logs of a resource."""
    return belonging(owner, DIAGNOSTIC_SETTING, "resourceUri")


def logs(setting: Resource) -> Iterator[str]:
    """The categories of logs, and groups of such, that a setting keeps."""
    if any(is_set(setting.inputs, each) for each in DESTINATIONS):
        on = [each for each in items(setting.at("logs")) if at(each, "enabled") is True]
        yield from (text(at(each, "category") or at(each, "categoryGroup")) for each in on)


def endpoint_logs_are_kept(endpoint: Resource) -> Iterable[str]:
    """A `DiagnosticSetting` of the stack keeps the `AmlOnlineEndpointConsoleLog` of the endpoint, or all logs."""
    if not {CONSOLE, *ALL} & kept(endpoint):
        yield "what its containers print is kept nowhere"


def workspace_logs_are_kept(workspace: Resource) -> Iterable[str]:
    """A `DiagnosticSetting` of the stack keeps logs of the workspace, not only of an endpoint in it."""
    own = (each for each in settings(workspace) if not any(OF_ENDPOINT in id_ for id_ in known(each, "resourceUri")))
    if not any(log for each in own for log in logs(each)):
        yield "what happens to the workspace is kept nowhere"


def logs_are_kept_long(store: Resource) -> Iterable[str]:
    """`retentionInDays` is not below parameter `retentionInDays`; where it is missing, it is 30."""
    days = number(store.at("retentionInDays"), 30)
    least = max(store.parameters["retentionInDays"], LEAST_RETENTION)
    if days < 0:
        yield "the logs are kept for ever"
    elif days < least:
        yield f"the logs are kept for {days:g} days, not {least:g}"


def account_is_logged(account: Resource) -> Iterable[str]:
    """A `DiagnosticSetting` of the stack keeps `StorageRead`, `StorageWrite` and `StorageDelete` of blobs, or a group
    that has them, and not in the account itself.
    """
    found = kept(account)
    if not found & {"audit", *ALL} and (lacking := OF_BLOBS - found):
        yield f"nothing says who reads and writes blobs: {', '.join(sorted(lacking))} is kept nowhere"
    if any(is_of(each, "storageAccountId", account) for each in settings(account)):
        yield "each entry of the log makes another: the account logs to itself"


def network_is_logged(network: Resource) -> Iterable[str]:
    """A `FlowLog` of the stack is for the network."""
    if not any(belonging(network, FLOW_LOG, "targetResourceId")):
        yield "nothing says who speaks to whom in the network"


def flows_are_kept(log: Resource) -> Iterable[str]:
    """`enabled` is true, and `retentionPolicy` is enabled with `days` not below parameter `retentionInDays`."""
    if log.at("enabled") is not True:
        yield "the flow log is not on"
    policy, least = log.at("retentionPolicy"), log.parameters["retentionInDays"]
    days = number(at(policy, "days"), 0)
    if at(policy, "enabled") is not True:
        yield "nothing says how long flows are kept"
    elif days < least:
        yield f"flows are kept for {days:g} days, not {least:g}"


def changes_are_recorded(endpoint: Resource) -> Iterable[str]:
    """A `DiagnosticSetting` of the stack keeps the `Administrative` log of a subscription, or parameter `trail` names
    one of another stack.
    """
    if endpoint.parameters["trail"]:
        return
    found = endpoint.stack.by(type_of).get(DIAGNOSTIC_SETTING, ())
    of_all = [each for each in found if SUBSCRIPTION.fullmatch(text(each.at("resourceUri")))]
    if not any({"Administrative", *ALL} & set(logs(each)) for each in of_all):
        yield "nothing says who changes the endpoint"


def access_is_logged(resource: Resource) -> Iterable[str]:
    """A `DiagnosticSetting` of the stack keeps the logs of who did what: of a vault `AuditEvent`, of a registry
    `ContainerRegistryLoginEvents` and `ContainerRegistryRepositoryEvents`, or a group of logs that has them.
    """
    found = kept(resource)
    if not found & {"audit", *ALL} and (lacking := AUDITED[resource.type] - found):
        yield f"{', '.join(sorted(lacking))} is kept nowhere"


def deployment_keeps_with_care(deployment: Resource) -> Iterable[str]:
    """Where `properties.dataCollector` collects, a tag `dataClass` is there; if it is `personal`, each collection has a
    `samplingRate` below 1 and none is `request`, which Azure keeps whole, and `environmentVariables` has
    `MODELPORT_CAPTURE_REDACT`.
    """
    kept_ = dict(collections(deployment))
    if not kept_:
        raise NotApplicable("it keeps no requests")
    if not (data_class := tag(deployment, "dataclass")):
        yield "requests are kept, and nothing says of which class their data is"
    if data_class != "personal":
        return
    if any(number(at(each, "samplingRate"), 1) >= 1 for each in kept_.values()):
        yield "personal data is kept, and every request is"
    redacts = is_set(deployment.inputs, "properties", "environmentVariables", "MODELPORT_CAPTURE_REDACT")
    if "request" in kept_ or not redacts:
        yield "personal data is kept, and no value of a request is left out"
