"""The ways into a service on a real API server with the definitions of Gateway API and cert-manager."""

import pytest
from cluster.bed.waiting import until

GATEWAY_API, CERT_MANAGER = "gateway.networking.k8s.io/v1", "cert-manager.io/v1"
NETWORKING = "networking.k8s.io/v1"
OPEN = {"domain": "models.example.com"}
GIVEN = {**OPEN, "gateway": "edge/public/https", "internalGateway": "edge/lan/https"}
INGRESS = {**OPEN, "ingressClass": "nginx", "gatewayNamespace": "ingress-nginx", "issuer": "letsencrypt"}


def made_way(make_namespace):
    """A gateway of the service's own, in a namespace for gateways."""
    return {**OPEN, "gatewayClass": "shared", "gatewayNamespace": make_namespace(), "issuer": "letsencrypt"}


def open_(service, existing, exposure="public", **fields):
    service.existing = {**service.existing, **existing}
    security = {"exposure": exposure, "auth": "none"}
    service.fields = {**service.fields, "security": security, "protocols": {"grpc": True}, **fields}


def routes(service):
    return [route for kind in ("HTTPRoute", "GRPCRoute") for route in service.objects(GATEWAY_API, kind)]


def backends(route):
    return {(each["name"], each["port"]) for rule in route["spec"]["rules"] for each in rule["backendRefs"]}


@pytest.mark.parametrize("exposure", ["internal", "public"])
def test_routes_to_a_gateway_that_is_there_lead_to_ports_of_the_service(service, crds, exposure):
    open_(service, GIVEN, exposure)
    service.raised()
    addresses = {each["metadata"]["name"]: each for each in service.objects("v1", "Service")}
    assert addresses.keys() == {service.full, f"{service.full}-blue", f"{service.full}-green"}
    ports = {(service.full, port["port"]) for port in addresses[service.full]["spec"]["ports"]}
    assert set().union(*map(backends, routes(service))) == ports
    assert {route["kind"]: route["spec"]["hostnames"] for route in routes(service)} == {
        "HTTPRoute": [f"{service.name}.models.example.com"],
        "GRPCRoute": [f"{service.name}-grpc.models.example.com"],
    }
    assert set(service.raised().changes) == {"same"}


def test_a_gateway_of_its_own_has_a_listener_and_a_certificate_for_each_route(service, crds, make_namespace):
    existing = made_way(make_namespace)
    open_(service, existing)
    service.raised()
    place, labels = existing["gatewayNamespace"], f"app.kubernetes.io/name={service.name}"
    (gateway,) = service.cluster.api.list(GATEWAY_API, "Gateway", place, labels=labels)
    (certificate,) = service.cluster.api.list(CERT_MANAGER, "Certificate", place, labels=labels)
    listeners = {each["name"]: each for each in gateway["spec"]["listeners"]}
    for route in routes(service):
        (parent,) = route["spec"]["parentRefs"]
        assert (parent["namespace"], parent["name"]) == (place, gateway["metadata"]["name"])
        listener = listeners[parent["sectionName"]]
        assert [listener["hostname"]] == route["spec"]["hostnames"]
        assert listener["hostname"] in certificate["spec"]["dnsNames"]
        assert listener["tls"]["certificateRefs"][0]["name"] == certificate["spec"]["secretName"]
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0, service.stack.errors
    until(lambda: not service.cluster.api.list(GATEWAY_API, "Gateway", place, labels=labels))


def test_an_ingress_is_the_way_where_there_is_no_gateway_api(service, crds):
    open_(service, INGRESS, protocols={})
    service.raised()
    (ingress,) = service.objects(NETWORKING, "Ingress")
    assert ingress["spec"]["tls"][0]["hosts"] == [f"{service.name}.models.example.com"]
    (certificate,) = service.objects(CERT_MANAGER, "Certificate")
    assert certificate["spec"]["secretName"] == ingress["spec"]["tls"][0]["secretName"]
    assert set(service.raised().changes) == {"same"}


def test_a_service_that_is_private_again_has_no_way_in(service, crds):
    open_(service, GIVEN)
    service.raised()
    service.fields["security"] = {"exposure": "private"}
    service.raised()
    assert routes(service) == []


def test_a_route_that_gateway_api_does_not_know_is_an_error_that_names_the_field(service, crds):
    open_(service, GIVEN)
    wrong = {"properties": {"spec": {"hostnames": ["Not A Name"]}}}
    service.config = {"modelport:resources": {f"{service.name}-kubernetes-route": wrong}}
    assert service.up().exit_code == 1
    assert any("spec.hostnames[0]" in each for each in service.stack.errors), service.stack.errors


def test_bearers_tokens_are_mounted_from_a_secret_in_a_restricted_namespace(service, make_namespace):
    service.namespace = make_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    service.cluster.api.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "callers", "namespace": service.namespace},
            "stringData": {"tokens": "a-token-of-32-characters-at-least"},
        }
    )
    service.existing = {"namespace": service.namespace, "tokens": "callers"}
    service.fields = {**service.fields, "security": {"auth": "bearer"}}
    service.raised()
    assert service.deployments()["blue"]["status"]["readyReplicas"] == 2
    state = service.stack.folder.rglob("*.json")
    assert not [file for file in state if "a-token-of-32" in file.read_text()]


def test_a_cluster_without_gateway_api_says_so_once(start_cluster, service):
    service.cluster = start_cluster()
    service.kubeconfig = service.cluster.kubeconfig
    open_(service, GIVEN, protocols={})
    assert service.up().exit_code == 1
    told = [each for each in service.stack.errors if "HTTPRoute of gateway.networking.k8s.io/v1" in each]
    assert len(told) == 1, service.stack.errors
    assert "install its CustomResourceDefinition first" in told[0]
