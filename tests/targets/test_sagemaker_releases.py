"""How a new version takes over on SageMaker."""

import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.export import export
from support.aws.judge import judge
from support.aws.kinds import REGION
from support.aws.requests import requests_of
from support.golden import golden

import modelport_policies
from modelport.spec import Accelerator, Compute, Governance, Metadata, Monitoring, Rollout, Scaling, Slo
from modelport.targets.sagemaker.capabilities import CAPABILITIES
from modelport.targets.sagemaker.releases.rules import release_rules

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
LATENCIES = {"p50": "10ms", "p95": "50ms", "p99": "100ms"}


def policy(program):
    return program.inputs["fraud-endpoint"]["deploymentConfig"]["blueGreenUpdatePolicy"]


def routing(program):
    return policy(program)["trafficRoutingConfiguration"]


def undoing(program):
    undone = program.inputs["fraud-endpoint"]["deploymentConfig"].get("autoRollbackConfiguration", {"alarms": []})
    return [each["alarmName"].removeprefix("fraud-dev-") for each in undone["alarms"]]


def variants(program, kind="productionVariants"):
    given = program.inputs["fraud-configuration"].get(kind, [])
    return {each["variantName"]: each for each in given}


def weights(program, kind="productionVariants"):
    return {name: each["initialVariantWeight"] for name, each in variants(program, kind).items()}


def shares(program):
    return program.inputs["fraud-weights"]["weights"]


def percent(number):
    return {"type": "CAPACITY_PERCENT", "value": number}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), {"type": "ALL_AT_ONCE"}),
        ((10,), {"type": "CANARY", "canarySize": percent(10)}),
        ((50,), {"type": "CANARY", "canarySize": percent(50)}),
        ((25, 50, 75), {"type": "LINEAR", "linearStepSize": percent(25)}),
        ((34, 68), {"type": "LINEAR", "linearStepSize": percent(34)}),
    ],
)
def test_an_update_goes_in_the_steps_of_the_rollout(sagemaker, steps, expected):
    program = sagemaker(rollout=Rollout(steps=steps, bake="5m"))
    assert routing(program) == {"waitIntervalInSeconds": 300, **expected}
    assert policy(program)["terminationWaitInSeconds"] == 300
    assert judge(requests_of(program)).problems == []


def test_default_steps_become_the_first_of_them_and_then_the_rest(sagemaker):
    assert routing(sagemaker()) == {"type": "CANARY", "canarySize": percent(10), "waitIntervalInSeconds": 600}


def test_one_instance_is_not_divided(sagemaker):
    assert routing(sagemaker(scaling=Scaling(min=1, max=2)))["type"] == "ALL_AT_ONCE"


def test_an_update_has_time_for_all_of_its_steps(sagemaker):
    program = sagemaker(rollout=Rollout(steps=(25, 50, 75), bake="1h"), startup_seconds=120)
    longest = 4 * 3600 + 120 + 1800
    assert policy(program)["maximumExecutionTimeoutInSeconds"] == longest
    assert program.inputs["fraud-smoke-test"]["seconds"] == longest  # after Ctrl-C the next `up` waits for the rest


def test_alarms_that_are_there_before_undo_an_update(sagemaker):
    program = sagemaker(slo=Slo(latency={"p99": "100ms"}))
    expected = ["availability-burn-1h-5m", "latency-p99-burn-1h-5m"]
    assert undoing(program) == [*expected, "availability-burn-6h-30m", "latency-p99-burn-6h-30m"]
    before = {urn.rpartition("::")[2] for urn in program.request("fraud-endpoint").dependencies}
    assert {"fraud-alarm-availability-burn-1h-over-5m", "fraud-alarm-latency-p99-burn-6h-over-30m"} <= before


@pytest.mark.parametrize(
    ("kinds", "words"),
    [(("errors",), {"availability"}), (("latency",), {"latency"}), (("saturation",), {"cpu", "memory"})],
)
def test_what_undoes_an_update_is_what_the_rollout_says(sagemaker, kinds, words):
    program = sagemaker(slo=Slo(latency={"p99": "100ms"}), rollout=Rollout(rollbackOn=kinds))
    assert {name.split("-")[0] for name in undoing(program)} == words


def test_nothing_undoes_an_update_where_nothing_shall(sagemaker):
    assert undoing(sagemaker(rollout=Rollout(rollbackOn=()))) == []


def test_no_service_has_more_alarms_that_undo_an_update_than_sagemaker_takes(sagemaker):
    asked = Rollout(rollbackOn=("errors", "latency", "saturation"))
    gpu = Compute(cpu=4, accelerator=Accelerator(kind="nvidia-l4"))
    program = sagemaker(slo=Slo(availability=99.9, latency=LATENCIES), rollout=asked, compute=gpu)
    assert len(undoing(program)) == 9
    assert judge(requests_of(program)).problems == []


def test_a_candidate_answers_its_share(sagemaker_release):
    program = sagemaker_release(weight=20)
    assert shares(program) == {"stable": 80, "candidate": 20}
    models = [each["modelName"] for each in variants(program).values()]
    assert models == ["@{fraud-model-blue.name}", "@{fraud-model-green.name}"]
    digests = [program.inputs[f"fraud-bundle-{slot}"]["digest"] for slot in ("blue", "green")]
    live = [{"version": "1", "digest": digests[0], "weight": 80}, {"version": "1", "digest": digests[1], "weight": 20}]
    assert program.result["live"] == live and digests[0] != digests[1]


def test_a_candidate_is_asked_before_it_has_a_share(sagemaker_release):
    program = sagemaker_release(weight=20)
    assert weights(program) == {"stable": 100, "candidate": 0}
    assert set(program.inputs["fraud-smoke-test"]["bundles"]) == {"stable", "candidate"}
    before = {urn.rpartition("::")[2] for urn in program.request("fraud-weights").dependencies}
    assert "fraud-smoke-test" in before
    assert program.inputs["fraud-smoke-test"]["seconds"] == 300 + 1800  # its update has no steps of its own


def test_who_compares_reads_when_the_sample_is_asked():
    row = CAPABILITIES["rollout.steps"]
    assert "the sample is asked after the last of them, with alarms as the guard" in row.reason


def test_another_share_changes_nothing_else(sagemaker_release):
    before, after = (sagemaker_release(weight=weight).inputs for weight in (0, 20))
    changed = {name for name in after if after[name] != before.get(name)}
    assert (changed, before.keys()) == ({"fraud-weights"}, after.keys())


def test_one_version_has_all_requests(sagemaker, sagemaker_release):
    alone = sagemaker({"releases": {"fraud": {"stable": {"source": "double.onnx"}}}})
    for program in (sagemaker(), alone, sagemaker_release(mirror=30)):
        assert "fraud-weights" not in program.inputs
        assert weights(program) == {"stable": 100}


def test_a_release_is_the_reviewed_one(sagemaker_release, project):
    program = sagemaker_release(weight=20)
    names = ["fraud-capacity-candidate", "fraud-configuration", "fraud-endpoint", "fraud-scaling-candidate"]
    names += ["fraud-alarm-availability-burn-1h-over-5m", "fraud-alarm-cpu-high", "fraud-weights"]
    reviewed, found = golden("sagemaker-release.json", {name: program.inputs[name] for name in sorted(names)}, {})
    assert found == reviewed


def test_both_versions_scale(sagemaker_release):
    program = sagemaker_release(weight=20)
    for role, suffix in (("stable", ""), ("candidate", "-candidate")):
        resource = f"endpoint/@{{fraud-endpoint.name}}/variant/{role}".replace("@{fraud-endpoint.name}", "fraud-dev")
        assert program.inputs[f"fraud-capacity{suffix}"]["resourceId"] == resource
        assert program.inputs[f"fraud-scaling{suffix}"]["resourceId"] == resource
    assert judge(requests_of(program)).problems == []


def test_a_variant_that_goes_is_told_before_the_endpoint(sagemaker, sagemaker_release):
    """SageMaker refuses an update without a variant whose number of instances follows the load."""
    stable = sagemaker({"releases": {"fraud": {"stable": {"source": "double.onnx"}}}})
    mirroring, sharing = sagemaker_release(mirror=30), sagemaker_release(weight=20)
    for program, roles in ((stable, ["stable"]), (mirroring, ["stable"]), (sharing, ["stable", "candidate"])):
        given = {"region": REGION, "endpoint": "fraud-dev", "variants": dict.fromkeys(roles, "ml.c5.large")}
        assert program.inputs["fraud-variants"] == given
        assert "fraud-variants" in {urn.rpartition("::")[2] for urn in program.request("fraud-endpoint").dependencies}
    assert sagemaker().inputs["fraud-variants"] == stable.inputs["fraud-variants"]
    assert "fraud-variants" not in sagemaker(mode="serverless").inputs


def test_what_scales_a_variant_is_made_anew_for_another_machine(sagemaker):
    program = sagemaker(compute=Compute(cpu=4))
    machine = program.inputs["fraud-configuration"]["productionVariants"][0]["instanceType"]
    assert program.inputs["fraud-variants"]["variants"] == {"stable": machine}
    assert program.inputs["fraud-capacity"]["tags"]["machine"] == machine
    request = program.request("fraud-capacity")
    assert (list(request.replaceOnChanges), request.deleteBeforeReplace) == (["tags.machine"], True)


def test_copies_of_requests_go_to_a_candidate_that_answers_nobody(sagemaker_release):
    program = sagemaker_release(mirror=30)
    assert weights(program) == {"stable": 100}
    assert weights(program, "shadowProductionVariants") == {"candidate": 30}
    assert "fraud-capacity-candidate" not in program.inputs
    assert judge(requests_of(program)).problems == []


def test_no_alarm_is_about_copies(sagemaker_release):
    program = sagemaker_release(mirror=30)
    assert "candidate" not in str(program.inputs["fraud-alarm-availability-burn-1h-over-1h"])


@mock_aws
@pytest.mark.parametrize("shares", [{"weight": 20}, {"mirror": 30}])
def test_a_release_can_be_made(sagemaker_release, shares):
    account = Account(REGION)
    account.apply(requests_of(sagemaker_release(**shares)))
    assert account.client("sagemaker").list_endpoints()["Endpoints"]


@pytest.mark.parametrize("weight", [0, 20])
def test_a_version_that_is_promoted_is_the_stable_variant(sagemaker, project, weight):
    releases = {"fraud": {"stable": {"source": "double.onnx", "slot": "green"}}}
    program = sagemaker({"releases": releases})
    assert weights(program) == {"stable": 100}
    assert variants(program)["stable"]["modelName"] == "@{fraud-model-green.name}"


def test_steps_are_those_of_the_release_where_there_is_one(sagemaker, sagemaker_release):
    stable = sagemaker({"releases": {"fraud": {"stable": {"source": "double.onnx"}}}})
    for program in (stable, sagemaker_release(weight=20)):
        assert "deploymentConfig" not in program.inputs["fraud-endpoint"]
        assert program.inputs["fraud-endpoint"]["tags"]["rolloutSteps"] == "10 50"
    assert "rolloutSteps" not in sagemaker().inputs["fraud-endpoint"]["tags"]


PRODUCTION = {
    "environment": {"environment": "prod"},
    "metadata": Metadata(name="fraud", owner="risk", cost_center="4711"),
    "governance": Governance(risk_class="minimal"),
    "monitoring": Monitoring(capture={"percent": 20, "retention": "30d"}),
}


@pytest.mark.parametrize("profile", ["baseline", "standard", "regulated"])
@pytest.mark.parametrize("weight", [None, 20])
def test_updates_in_production_go_in_steps(sagemaker, sagemaker_release, profile, weight):
    program = sagemaker(**PRODUCTION) if weight is None else sagemaker_release(weight=weight, **PRODUCTION)
    found = modelport_policies.check(export(program), profile)["violations"]
    assert not [each for each in found if each["rule"] in ("RES-06", "GOV-02", "GOV-03", "LOG-01")]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"rollout": Rollout(steps=(10, 50))}, "Write [10], or equal steps like [25, 50, 75]."),
        ({"rollout": Rollout(steps=(60,))}, "one step of 50 % at most"),
        ({"rollout": Rollout(steps=(5, 10))}, "equal steps of 10 % at least"),
        ({"rollout": Rollout(bake="2h")}, "Write at most 1h."),
        ({"rollout": Rollout(steps=tuple(range(10, 100, 10)), bake="1h")}, "SageMaker gives it 8 h"),
        (
            {"rollout": Rollout(rollbackOn=("errors",)), "monitoring": Monitoring(alerts={"enabled": False})},
            "Leave alerts on, or write [].",
        ),
    ],
)
def test_an_update_that_cannot_go_so_is_refused(refusal, sections, words):
    assert words in refusal(**sections)


def test_steps_of_any_size_are_taken_by_a_release(sagemaker_release):
    program = sagemaker_release(weight=5, rollout=Rollout(steps=(5, 20, 60), bake="2h"))
    assert shares(program) == {"stable": 95, "candidate": 5}


def test_copies_beside_a_share_are_refused(refusal):
    live = {"stable": {"source": "double.onnx"}, "candidate": {"source": "triple.onnx"}, "weight": 10, "mirror": 10}
    assert "Write weight: 0" in refusal({"releases": {"fraud": live}})


@pytest.mark.parametrize("mode", ["serverless", "async", "batch"])
def test_only_realtime_endpoints_have_two_versions(args, mode):
    live = {"stable": {"source": "double.onnx"}, "candidate": {"source": "triple.onnx"}, "weight": 10}
    service = args({"releases": {"fraud": live}}, mode=mode)
    (objection,) = release_rules(service.spec, service.environment)
    assert objection.path == "modelport:releases.fraud.candidate" and mode in objection.reason


def test_going_ahead_of_instances_is_refused(refusal):
    live = {"stable": {"source": "double.onnx"}, "candidate": {"source": "triple.onnx"}, "weight": 10, "unwaited": 10}
    assert "MP401" in refusal({"releases": {"fraud": live}})


def test_the_stable_version_is_approved_and_a_candidate_waits(sagemaker_release):
    program = sagemaker_release(weight=10)
    packages = {name: inputs for name, inputs in program.inputs.items() if "-package-" in name}
    assert {each["approval"] for each in packages.values()} == {"Approved", "PendingManualApproval"}
    assert {each["group"] for each in packages.values()} == {"fraud-dev"}
    models = {inputs["digest"]: inputs["approval"] for inputs in packages.values()}
    bundles = {name: inputs["digest"] for name, inputs in program.inputs.items() if "-bundle-" in name}
    assert models.keys() == set(bundles.values())
    waits = {
        inputs["approval"]: "fraud-weights" in {each.rpartition("::")[2] for each in program.request(name).dependencies}
        for name, inputs in packages.items()
    }
    assert waits == {"Approved": True, "PendingManualApproval": False}
