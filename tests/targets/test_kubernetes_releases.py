"""Stable and candidate of a service on Kubernetes, and who answers which requests."""

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.models import save, scaling
from support.program import Program

from modelport import KubernetesService
from modelport.spec import Compute, GpuPools, Protocols, Release, Releases, Scaling, Security

IMAGE = f"registry.example/other@sha256:{'b' * 64}"
GATEWAY = {"domain": "models.example.com", "gateway": "edge/public/https"}
CLASS = {"domain": "models.example.com", "gateway_class": "shared", "gateway_namespace": "edge", "issuer": "ca"}
INSIDE = {"domain": "models.example.com", "internal_gateway": "edge/lan/https"}
INGRESS = {"domain": "models.example.com", "ingress_class": "nginx", "gateway_namespace": "edge", "issuer": "ca"}
OPEN = {"security": Security(exposure="public", auth="none"), "protocols": Protocols(grpc=True)}
OF_A_SLOT = {"bundle", "settings", "server", "disruption", "autoscaler"}
ROUTES = {"route": 80, "grpcroute": 8081}
OF_A_SERVICE = {"group": "", "kind": "Service"}


def live(weight=10, mirror=0, slot=None, unwaited=None, **candidate):
    """`modelport:releases` with the model `next.onnx` on trial, and stable in a slot."""
    on_trial = Release(source="next.onnx", **candidate)
    stable = Release(source="double.onnx", slot=slot)
    return {"fraud": Releases(stable=stable, candidate=on_trial, weight=weight, mirror=mirror, unwaited=unwaited)}


@pytest.fixture(autouse=True)
def model(project):
    save(scaling(3.0), project / "next.onnx")


@pytest.fixture
def trial(kubernetes):
    """Run a program of a service that a gateway leads to, with a candidate."""

    def trial(existing=None, **releases):
        return kubernetes({"existing": existing or GATEWAY, "releases": live(**releases)}, **OPEN)

    return trial


def spec_of(program, role):
    return program.inputs[f"fraud-{role}"]["spec"]


def waits_for(program, role):
    """Roles of what has to be there before, as the program says itself."""
    return {urn.rpartition("::fraud-")[2] for urn in program.request(f"fraud-{role}").dependencies}


def backends(program, role="route"):
    (rule,) = spec_of(program, role)["rules"]
    return rule["backendRefs"]


# two versions


def test_a_candidate_has_all_that_a_version_has_under_names_of_its_own(trial):
    program = trial()
    for role in OF_A_SLOT:
        blue, green = (program.inputs[f"fraud-{role}-{slot}"] for slot in ("blue", "green"))
        names = [each.get("metadata", each).get("name", each.get("digest")) for each in (blue, green)]
        assert names[0] != names[1], role
    (server,) = spec_of(program, "server-green")["template"]["spec"]["containers"]
    assert server["envFrom"] == [{"configMapRef": {"name": program.inputs["fraud-settings-green"]["metadata"]["name"]}}]
    bundle = program.inputs["fraud-bundle-green"]["digest"]
    assert program.inputs["fraud-settings-green"]["data"]["MODELPORT_DIGEST"] == bundle
    assert spec_of(program, "autoscaler-green")["scaleTargetRef"]["name"] == "fraud-dev-green"


def test_whatever_selects_pods_of_a_version_selects_those_of_no_other(trial):
    program = trial()
    pods = {slot: spec_of(program, f"server-{slot}")["template"]["metadata"]["labels"] for slot in ("blue", "green")}
    for own, slot in (("service", "blue"), ("service-green", "green")):
        selectors = [
            spec_of(program, own)["selector"],
            *(spec_of(program, f"{role}-{slot}")["selector"]["matchLabels"] for role in ("server", "disruption")),
            *(
                each["labelSelector"]["matchLabels"]
                for each in spec_of(program, f"server-{slot}")["template"]["spec"]["topologySpreadConstraints"]
            ),
        ]
        for selector in selectors:
            assert {each for each, labels in pods.items() if selector.items() <= labels.items()} == {slot}
    network = spec_of(program, "network")["podSelector"]["matchLabels"]
    assert all(network.items() <= labels.items() for labels in pods.values())


def test_a_candidate_leaves_what_stable_has_as_it_is(kubernetes, trial):
    alone, both = kubernetes({"existing": GATEWAY}, **OPEN), trial()
    changed = {name for name, inputs in alone.inputs.items() if both.inputs[name] != inputs}
    assert changed == {"fraud-service-green", "fraud-route", "fraud-grpcroute"}


def test_a_promoted_candidate_keeps_what_it_has(kubernetes, trial):
    before = trial()
    promoted = {"fraud": Releases(stable=Release(source="next.onnx", slot="green"))}
    after = kubernetes({"existing": GATEWAY, "releases": promoted}, **OPEN)
    for role in OF_A_SLOT - {"server"}:
        assert after.inputs[f"fraud-{role}-green"] == before.inputs[f"fraud-{role}-green"]
    assert spec_of(after, "server-green") == spec_of(before, "server-green")
    assert {name for name in after.inputs if "blue" in name} == {"fraud-service-blue"}


def test_a_candidate_may_have_an_image_of_its_own(trial):
    program = trial(image=IMAGE)
    (server,) = spec_of(program, "server-green")["template"]["spec"]["containers"]
    assert server["image"] == IMAGE
    (server,) = spec_of(program, "server-blue")["template"]["spec"]["containers"]
    assert server["image"] != IMAGE


def test_requests_are_counted_by_version(kubernetes):
    keda = {"autoscaler": "keda", "prometheus_address": "http://prometheus:9090"}
    by_requests = Scaling(target={"metric": "requestsPerSecond", "value": 50})
    program = kubernetes({"existing": {**GATEWAY, **keda}, "releases": live()}, scaling=by_requests, **OPEN)
    for slot in ("blue", "green"):
        scaled = spec_of(program, f"scaledobject-{slot}")
        assert f'pod=~"fraud-dev-{slot}-.+"' in scaled["triggers"][0]["metadata"]["query"]
        assert scaled["scaleTargetRef"]["name"] == f"fraud-dev-{slot}"
        assert scaled["advanced"]["horizontalPodAutoscalerConfig"]["name"] == f"fraud-dev-{slot}"


def test_gpus_have_to_be_there_for_both(kubernetes):
    pools = [{"name": "t4", "kind": "nvidia-t4", "nodes": ["one"], "gpusPerNode": 3}]
    stack = {"gpu_pools": GpuPools.model_validate({"pools": pools}), "gpu_image": IMAGE}
    asked = {"compute": Compute(accelerator={"kind": "nvidia-t4"}), "scaling": Scaling(min=2, max=2)}
    kubernetes(stack, **asked)
    with pytest.raises(pulumi.RunError, match="an update needs 5 instances at once"):
        kubernetes({**stack, "releases": live(weight=0)}, **asked)


# shares


@pytest.mark.parametrize("existing", [GATEWAY, CLASS])
@pytest.mark.parametrize("weight", [0, 10, 100])
def test_every_way_through_gateway_api_divides_requests_as_the_stack_says(trial, existing, weight):
    program = trial(existing, weight=weight)
    for role, port in ROUTES.items():
        assert backends(program, role) == [
            {**OF_A_SERVICE, "name": "fraud-dev", "port": port, "weight": 100 - weight},
            {**OF_A_SERVICE, "name": "fraud-dev-green", "port": port, "weight": weight},
        ]
    assert [each["weight"] for each in program.result["live"]] == [100 - weight, weight]


def test_an_internal_gateway_divides_them_too(kubernetes):
    security = Security(exposure="internal", auth="none")
    program = kubernetes({"existing": INSIDE, "releases": live(weight=30)}, security=security)
    assert [each["weight"] for each in backends(program)] == [70, 30]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100), st.integers(0, 100), st.sampled_from([None, "blue", "green"]))
def test_every_share_leads_to_pods_of_its_version(trial, weight, mirror, slot):
    program = trial(weight=weight, mirror=mirror, slot=slot)
    slots = ("green", "blue") if slot == "green" else ("blue", "green")
    by_name = {
        inputs["metadata"]["name"]: inputs["spec"]
        for name, inputs in program.inputs.items()
        if name.startswith("fraud-service")
    }
    for role in ROUTES:
        shares = {
            by_name[each["name"]]["selector"]["modelport/slot"]: each["weight"] for each in backends(program, role)
        }
        assert shares == dict(zip(slots, (100 - weight, weight), strict=True))
        for each in backends(program, role):
            assert each["port"] in {port["port"] for port in by_name[each["name"]]["ports"]}
    sources = {slot: program.inputs[f"fraud-bundle-{slot}"]["digest"] for slot in slots}
    assert [sources[slot] for slot in slots] == [each["digest"] for each in program.result["live"]]


def test_copies_go_to_the_candidate_alone(trial):
    program = trial(weight=0, mirror=20)
    for role, port in ROUTES.items():
        (rule,) = spec_of(program, role)["rules"]
        backend = {**OF_A_SERVICE, "name": "fraud-dev-green", "port": port}
        assert rule["filters"] == [{"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": 20}}]
    (rule,) = spec_of(trial(weight=10), "route")["rules"]
    assert "filters" not in rule


def test_callers_within_the_cluster_are_answered_by_stable(trial):
    program = trial(weight=100)
    assert spec_of(program, "service")["selector"]["modelport/slot"] == "blue"
    assert "service/fraud-dev " in program.result["invoke"]
    assert program.result["endpoint"]["url"] == "https://fraud.models.example.com/v2/models/fraud"


def slots(program):
    """The set of pods that each Service leads to."""
    names = {"service", "service-blue", "service-green"}
    services = [spec["spec"] | spec["metadata"] for role in names if (spec := program.inputs.get(f"fraud-{role}"))]
    return {each["name"]: each["selector"]["modelport/slot"] for each in services}


def test_names_that_a_gateway_may_still_know_lead_to_a_version_at_every_time(kubernetes, trial):
    names = {"fraud-dev", "fraud-dev-blue", "fraud-dev-green"}
    promoted = {"fraud": Releases(stable=Release(source="next.onnx", slot="green"))}
    assert slots(kubernetes({"existing": GATEWAY}, **OPEN)) == dict.fromkeys(names, "blue")
    assert slots(trial()) == {"fraud-dev": "blue", "fraud-dev-blue": "blue", "fraud-dev-green": "green"}
    assert slots(kubernetes({"existing": GATEWAY, "releases": promoted}, **OPEN)) == dict.fromkeys(names, "green")


@pytest.mark.parametrize("existing", [{}, INGRESS])
def test_without_routes_there_are_no_names_but_those_of_versions(kubernetes, existing):
    security = Security(exposure="public" if existing else "private", auth="none")
    assert slots(kubernetes({"existing": existing}, security=security)) == {"fraud-dev": "blue"}


def test_dropping_a_candidate_waits_for_no_pods_of_stable(kubernetes, trial):
    aborted = kubernetes({"existing": GATEWAY}, **OPEN)
    assert aborted.inputs["fraud-service"] == trial().inputs["fraud-service"]
    assert aborted.inputs["fraud-service-green"]["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


# order


def test_a_route_changes_when_every_version_is_ready(trial):
    program = trial()
    for role in ROUTES:
        assert {"service", "service-blue", "service-green"} <= waits_for(program, role)
    assert "server-green" in waits_for(program, "service-green")
    assert "server-blue" in waits_for(program, "service")


def test_a_candidate_gets_its_slot_when_stable_has_left_it(trial):
    assert "service" in waits_for(trial(), "server-green")
    assert "service" in waits_for(trial(slot="green"), "server-blue")


def test_a_candidate_has_to_be_ready_for_another_share_and_stable_for_none(kubernetes, trial):
    ten, fifty = trial(weight=10), trial(weight=50)
    aborted = kubernetes({"existing": GATEWAY}, **OPEN)
    promoted = kubernetes(
        {"existing": GATEWAY, "releases": {"fraud": Releases(stable=Release(source="next.onnx", slot="green"))}}, **OPEN
    )
    on_trial = [program.inputs["fraud-server-green"]["metadata"] for program in (ten, fifty, promoted)]
    assert len({str(each.get("annotations")) for each in on_trial}) == 3
    assert ten.inputs["fraud-server-blue"] == fifty.inputs["fraud-server-blue"] == aborted.inputs["fraud-server-blue"]
    fixed = {"scaling": Scaling(min=2, max=2), **OPEN}
    program = kubernetes({"existing": GATEWAY, "releases": live(weight=10)}, **fixed)
    annotations = program.inputs["fraud-server-green"]["metadata"]["annotations"]
    assert annotations == {"modelport/weight": "10", "pulumi.com/patchForce": "true"}


def test_a_candidate_that_is_not_waited_for_says_so_and_leaves_its_name_at_once(trial):
    waits, waits_not, grows = trial(weight=10), trial(weight=10, unwaited=10), trial(weight=11, unwaited=10)
    assert "pulumi.com/skipAwait" not in grows.inputs["fraud-server-green"]["metadata"]["annotations"]
    address = waits_not.inputs["fraud-service-green"]["metadata"]
    assert address["annotations"] == {"pulumi.com/skipAwait": "true"}
    assert waits_not.inputs["fraud-server-green"]["metadata"]["annotations"] == {
        "modelport/weight": "10",
        "pulumi.com/skipAwait": "true",
        "pulumi.com/deletionPropagationPolicy": "background",
    }
    others = waits.inputs.keys() - {"fraud-server-green", "fraud-service-green"}
    assert all(waits.inputs[name] == waits_not.inputs[name] for name in others)


def test_live_shares_are_known_when_the_routes_have_them(args):
    stack = {"existing": {**GATEWAY, "registry": "registry.example/models"}, "image": IMAGE, "releases": live()}
    service, made = args(stack, **OPEN), []

    def needed():
        made.append(KubernetesService("fraud", service))
        return made[0].outputs["live"].resources()

    needs = Program.run(needed, {"kubernetes:context": "test"}).result
    assert {made[0].resources[role] for role in ROUTES} <= needs


# without Gateway API


@pytest.mark.parametrize("share", ["weight", "mirror"])
@pytest.mark.parametrize(
    ("existing", "exposure"), [({}, "private"), (GATEWAY, "private"), (INSIDE, "private"), (INGRESS, "public")]
)
def test_shares_are_refused_where_nobody_divides_requests(kubernetes, existing, exposure, share):
    releases = live(**{"weight": 0, share: 20})
    with pytest.raises(pulumi.RunError) as failed:
        kubernetes({"existing": existing, "releases": releases}, security=Security(exposure=exposure, auth="none"))
    told = str(failed.value)
    assert f"modelport:releases.fraud.{share}: 20\n  MP401 refused by kubernetes" in told
    assert "modelport:existing.gateway" in told
    assert "--weight 0" in told
    assert "1 problem, nothing was changed." in told


@pytest.mark.parametrize(("existing", "exposure"), [({}, "private"), (INGRESS, "public")])
def test_a_candidate_without_a_share_runs_everywhere(kubernetes, existing, exposure):
    security = Security(exposure=exposure, auth="none")
    program = kubernetes({"existing": existing, "releases": live(weight=0)}, security=security)
    assert spec_of(program, "service")["selector"]["modelport/slot"] == "blue"
    assert spec_of(program, "service-green")["selector"]["modelport/slot"] == "green"
    assert program.inputs["fraud-service-green"]["metadata"]["name"] == "fraud-dev-green"
    assert [each["weight"] for each in program.result["live"]] == [100, 0]
    if exposure == "public":
        (rule,) = spec_of(program, "ingress")["rules"]
        assert rule["http"]["paths"][0]["backend"]["service"]["name"] == "fraud-dev"


# rules


def test_a_candidate_keeps_the_rules_of_every_version(kubernetes):
    with pytest.raises(pulumi.RunError) as failed:
        kubernetes({"releases": live(weight=0, image="registry.example/other:v2")})
    told = str(failed.value)
    assert 'modelport:releases.fraud.candidate.image: "registry.example/other:v2"\n  MP401' in told
