"""Who reaches a service on Kubernetes, by which way, and as whom."""

import re
from argparse import ArgumentParser

import pulumi
import pytest
from support.pod_security import faults, lax

from modelport.spec import Protocols, Request, Security
from modelport_server.access.options import add_arguments

OPEN = {"domain": "models.example.com"}
CLASS = {"gateway_class": "shared", "gateway_namespace": "edge", "issuer": "letsencrypt", **OPEN}
GIVEN = {"gateway": "edge/public/https", **OPEN}
INGRESS = {"ingress_class": "nginx", "gateway_namespace": "ingress-nginx", "issuer": "letsencrypt", **OPEN}
TOKENS = {"namespace": "serving", "tokens": "callers"}
JWT = {"namespace": "serving", "jwt_keys": "idp", "jwt_issuer": "https://idp.example.com", "jwt_audience": "fraud"}
WAYS = {"class": CLASS, "given": GIVEN, "ingress": INGRESS}
OUTSIDE = {"fraud-gateway", "fraud-certificate", "fraud-route", "fraud-grpcroute", "fraud-ingress"}
GRPC = Protocols(grpc=True)


def security(exposure="public", auth="none"):
    return Security(exposure=exposure, auth=auth)


def spec_of(program, role):
    return program.inputs[f"fraud-{role}"]["spec"]


def let_in(program):
    """Who may send requests."""
    return spec_of(program, "network")["ingress"][0]["from"]


def namespace(name):
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def server_of(program):
    (server,) = spec_of(program, "server-blue")["template"]["spec"]["containers"]
    return server


# ways


@pytest.mark.parametrize("existing", [{}, GIVEN, CLASS, INGRESS])
def test_a_private_service_has_no_way_in_whatever_the_stack_has(kubernetes, existing):
    program = kubernetes({"existing": existing})
    assert not OUTSIDE & program.inputs.keys()
    assert let_in(program) == [{"podSelector": {}}]
    assert program.result["endpoint"]["url"] == "http://fraud-dev.fraud-dev.svc/v2/models/fraud"


@pytest.mark.parametrize(
    ("way", "made", "proxies"),
    [
        ("class", {"fraud-gateway", "fraud-certificate", "fraud-route"}, "edge"),
        ("given", {"fraud-route"}, "edge"),
        ("ingress", {"fraud-ingress", "fraud-certificate"}, "ingress-nginx"),
    ],
)
def test_a_public_service_has_one_way_in_with_tls(kubernetes, way, made, proxies):
    program = kubernetes({"existing": WAYS[way]}, security=security())
    assert OUTSIDE & program.inputs.keys() == made
    assert let_in(program) == [{"podSelector": {}}, namespace(proxies)]
    endpoint = program.result["endpoint"]
    assert endpoint["url"] == "https://fraud.models.example.com/v2/models/fraud"
    assert endpoint["health_url"] == "https://fraud.models.example.com/v2/health/ready"


def test_an_internal_service_goes_through_the_gateway_of_the_own_network(kubernetes):
    existing = {**GIVEN, "internal_gateway": "inside/lan/https"}
    program = kubernetes({"existing": existing}, security=security("internal"))
    assert OUTSIDE & program.inputs.keys() == {"fraud-route"}
    (parent,) = spec_of(program, "route")["parentRefs"]
    of_a_gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
    assert parent == {**of_a_gateway, "namespace": "inside", "name": "lan", "sectionName": "https"}
    assert let_in(program)[1:] == [namespace("inside")]


def test_pods_of_a_gateway_may_run_elsewhere(kubernetes):
    program = kubernetes({"existing": {**GIVEN, "gateway_namespace": "envoy-gateway-system"}}, security=security())
    assert let_in(program)[1:] == [namespace("envoy-gateway-system")]
    assert spec_of(program, "route")["parentRefs"][0]["namespace"] == "edge"


def test_a_gateway_that_is_made_speaks_tls_and_takes_routes_of_the_service_alone(kubernetes):
    program = kubernetes({"existing": CLASS}, security=security(), protocols=GRPC)
    gateway = program.inputs["fraud-gateway"]
    assert gateway["metadata"]["namespace"] == "edge"
    assert [listener["hostname"] for listener in gateway["spec"]["listeners"]] == [
        "fraud.models.example.com",
        "fraud-grpc.models.example.com",
    ]
    for listener in gateway["spec"]["listeners"]:
        assert (listener["protocol"], listener["port"], listener["tls"]["mode"]) == ("HTTPS", 443, "Terminate")
        allowed = listener["allowedRoutes"]["namespaces"]
        assert allowed["selector"]["matchLabels"] == {"kubernetes.io/metadata.name": "fraud-dev"}
    names = {listener["name"] for listener in gateway["spec"]["listeners"]}
    for role in ("route", "grpcroute"):
        (parent,) = spec_of(program, role)["parentRefs"]
        assert (parent["namespace"], parent["name"]) == ("edge", gateway["metadata"]["name"])
        assert parent["sectionName"] in names


def test_certificates_are_kept_where_they_are_used(kubernetes):
    for existing, place in ((CLASS, "edge"), (INGRESS, "fraud-dev")):
        program = kubernetes({"existing": existing}, security=security())
        certificate = program.inputs["fraud-certificate"]
        assert certificate["metadata"]["namespace"] == place
        assert certificate["spec"]["dnsNames"] == ["fraud.models.example.com"]
        assert certificate["spec"]["issuerRef"]["name"] == "letsencrypt"
    used = spec_of(program, "ingress")["tls"]
    assert used == [{"hosts": ["fraud.models.example.com"], "secretName": certificate["spec"]["secretName"]}]


@pytest.mark.parametrize("way", ["class", "ingress"])
def test_a_certificate_that_is_given_is_used_as_it_is(kubernetes, way):
    existing = {**WAYS[way], "issuer": None, "certificate": "wildcard", "namespace": "serving"}
    program = kubernetes({"existing": existing}, security=security())
    assert "fraud-certificate" not in program.inputs
    shown = spec_of(program, "gateway" if way == "class" else "ingress")
    assert "wildcard" in str(shown)


def test_the_world_reaches_inference_and_no_metrics(kubernetes):
    routed = kubernetes({"existing": GIVEN}, security=security(), protocols=GRPC, request=Request(timeout="20s"))
    (rule,) = spec_of(routed, "route")["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/v2"}}]
    of_a_service = {"group": "", "kind": "Service", "weight": 100}
    assert rule["backendRefs"] == [{**of_a_service, "name": "fraud-dev", "port": 80}]
    assert rule["timeouts"] == {"request": "25s"}
    (rule,) = spec_of(routed, "grpcroute")["rules"]
    assert rule["matches"] == [{"method": {"type": "Exact", "service": "inference.GRPCInferenceService"}}]
    assert rule["backendRefs"] == [{**of_a_service, "name": "fraud-dev", "port": 8081}]
    (rule,) = spec_of(kubernetes({"existing": INGRESS}, security=security()), "ingress")["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/v2"]


def test_routes_of_the_two_protocols_have_names_of_their_own(kubernetes):
    program = kubernetes({"existing": GIVEN}, security=security(), protocols=GRPC)
    hosts = [spec_of(program, role)["hostnames"] for role in ("route", "grpcroute")]
    assert hosts == [["fraud.models.example.com"], ["fraud-grpc.models.example.com"]]


@pytest.mark.parametrize("way", WAYS)
def test_what_opens_a_service_says_so(kubernetes, way):
    program = kubernetes({"existing": WAYS[way]}, security=security())
    for name in OUTSIDE & program.inputs.keys() - {"fraud-certificate"}:
        assert program.inputs[name]["metadata"]["labels"]["exposure"] == "public"


# tokens


def test_tokens_are_files_of_the_cluster_and_never_values(kubernetes):
    program = kubernetes({"existing": TOKENS}, security=security("private", "bearer"))
    pod = spec_of(program, "server-blue")["template"]["spec"]
    secret = next(volume["secret"] for volume in pod["volumes"] if volume["name"] == "tokens")
    assert secret == {"secretName": "callers", "items": [{"key": "tokens", "path": "tokens"}], "defaultMode": 0o440}
    mount = next(each for each in server_of(program)["volumeMounts"] if each["name"] == "tokens")
    assert mount == {"name": "tokens", "mountPath": "/etc/access/tokens", "readOnly": True}
    data = program.inputs["fraud-settings-blue"]["data"]
    assert data["MODELPORT_TOKEN_FILE"] == "/etc/access/tokens/tokens"
    assert (faults(pod), lax(pod)) == ([], [])
    fetchers = [each for each in pod.get("initContainers", []) if "tokens" in str(each["volumeMounts"])]
    assert not fetchers


def test_an_issuers_keys_are_mounted_with_what_its_tokens_have_to_say(kubernetes):
    program = kubernetes({"existing": JWT}, security=security("private", "bearer"))
    data = program.inputs["fraud-settings-blue"]["data"]
    assert {key: value for key, value in data.items() if "JWT" in key} == {
        "MODELPORT_JWT_KEYS": "/etc/access/keys/jwks.json",
        "MODELPORT_JWT_ISSUER": "https://idp.example.com",
        "MODELPORT_JWT_AUDIENCE": "fraud",
    }
    volumes = spec_of(program, "server-blue")["template"]["spec"]["volumes"]
    assert {"name": "idp", "items": [{"key": "jwks.json", "path": "jwks.json"}]} in [
        volume.get("configMap") for volume in volumes
    ]
    assert program.result["endpoint"]["auth"] == {"kind": "bearer", "audience": "fraud", "principal": None}
    assert '-H "Authorization: Bearer $TOKEN"' in program.result["invoke"]


def test_the_server_knows_the_settings_about_tokens(kubernetes):
    parser = ArgumentParser()
    add_arguments(parser)
    known = {f"MODELPORT_{name.upper()}" for name in vars(parser.parse_args([]))}
    program = kubernetes({"existing": {**TOKENS, **JWT}}, security=security("private", "bearer"))
    data = program.inputs["fraud-settings-blue"]["data"]
    assert {name for name in data if "TOKEN" in name or "JWT" in name} == known


def test_the_command_that_asks_reads_the_token_from_the_cluster(kubernetes):
    invoke = kubernetes({"existing": TOKENS}, security=security("private", "bearer")).result["invoke"]
    assert (
        '-H "Authorization: Bearer $(kubectl --context test --namespace serving get secret callers '
        '-o jsonpath={.data.tokens} | base64 -d | head -n 1)"' in invoke
    )


def test_without_bearers_no_token_is_asked_and_none_is_mounted(kubernetes):
    program = kubernetes({"existing": {**TOKENS, **JWT}})
    assert not re.search("TOKEN|JWT", str(program.inputs["fraud-settings-blue"]))
    assert program.result["endpoint"]["auth"] == {"kind": "none", "audience": None, "principal": None}
    assert "Authorization" not in program.result["invoke"]


# rules

BROKEN = {
    "no way": (OPEN, security(), {}, "security.exposure", "gatewayClass"),
    "two ways": ({**GIVEN, **CLASS}, security(), {}, "security.exposure", "several ways in"),
    "no name": ({"gateway": "edge/public/https"}, security(), {}, "modelport:existing.domain", "models.example.com"),
    "nobody asked": (GIVEN, Security(exposure="public"), {}, "security.auth", "nobody asks callers who they are"),
    "no listener": ({**GIVEN, "gateway": "edge/public"}, security(), {}, "modelport:existing.gateway", "LISTENER"),
    "an output": (
        {**GIVEN, "gateway": pulumi.Output.from_input("edge/public/https")},
        security(),
        {},
        "modelport:existing.gateway",
        "LISTENER",
    ),
    "no pods of a gateway": (
        {**CLASS, "gateway_namespace": None},
        security(),
        {},
        "modelport:existing.gatewayNamespace",
        "Name their namespace",
    ),
    "no certificate": ({**CLASS, "issuer": None}, security(), {}, "modelport:existing.certificate", "existing.issuer"),
    "two certificates": ({**CLASS, "certificate": "x"}, security(), {}, "modelport:existing.certificate", "either"),
    "a certificate of an ingress in a namespace to come": (
        {**INGRESS, "issuer": None, "certificate": "x"},
        security(),
        {},
        "modelport:existing.certificate",
        "modelport:existing.namespace",
    ),
    "gRPC through an ingress": (INGRESS, security(), {"protocols": GRPC}, "protocols.grpc", "Gateway API"),
    "no gateway inside": (GIVEN, security("internal"), {}, "security.exposure", "modelport:existing.internalGateway"),
    "bearers of what": ({}, security("private", "bearer"), {}, "security.auth", "modelport:existing.tokens"),
    "tokens in a namespace to come": (
        {"tokens": "callers"},
        security("private", "bearer"),
        {},
        "modelport:existing.tokens",
        "modelport:existing.namespace",
    ),
    "half an issuer": (
        {**JWT, "jwt_audience": None},
        security("private", "bearer"),
        {},
        "modelport:existing.jwtAudience",
        "together",
    ),
    "client certificates": ({}, security("private", "mtls"), {}, "security.auth", "Use bearer"),
    "identities of the platform": ({}, security("private", "platform"), {}, "security.auth", "Use bearer"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_way_that_does_not_hold_is_refused_with_what_to_do(kubernetes, case):
    existing, given, sections, path, words = BROKEN[case]
    with pytest.raises(pulumi.RunError) as failed:
        kubernetes({"existing": existing}, security=given, **sections)
    told = str(failed.value)
    assert "MP401 refused by kubernetes" in told[told.index(path) :]
    assert words in told
