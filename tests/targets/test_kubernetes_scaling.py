"""How many pods a service has on Kubernetes, and who decides."""

import math
import re

import pulumi
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from modelport.plan.bounds import HOUR, moments, periods
from modelport.plan.bounds import WEEK as WEEK_MINUTES
from modelport.spec import Accelerator, Compute, Metadata, Release, Releases, Scaling, ScalingTarget, Window
from modelport.targets.kubernetes.scaling.rules import scaling_rules

KEDA = {"autoscaler": "keda", "prometheus_address": "http://prometheus.monitoring:9090"}
ALWAYS_OFF_AT_NIGHT = (
    Window(cron="0 8 * * 1-5", timezone="Europe/Berlin", min=3, max=4),
    Window(cron="30 19 * * *", timezone="Europe/Berlin", min=0, max=0),
)
TO_ZERO = ({"field": "scaling.scaleToZero", "target": "kubernetes", "reason": "it is a demo"},)


def scaler_of(program, kind="autoscaler", slot="blue"):
    return program.inputs[f"fraud-{kind}-{slot}"]["spec"]


def by_requests(metric="requestsPerSecond", **bounds):
    return Scaling(target=ScalingTarget(metric=metric, value=50), **bounds)


@pytest.fixture
def keda(kubernetes):
    """The spec of the ScaledObject that a service gets with KEDA."""

    def keda(scaling, existing=None, **sections):
        program = kubernetes({"existing": {**KEDA, **(existing or {})}}, scaling=scaling, **sections)
        assert "fraud-autoscaler-blue" not in program.inputs
        return scaler_of(program, "scaledobject")

    return keda


def test_the_number_of_pods_follows_cpu_between_the_bounds(kubernetes):
    scaler = scaler_of(kubernetes(scaling=Scaling(min=3, max=9, target=ScalingTarget(value=70))))
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fraud-dev-blue"}
    target = {"type": "Utilization", "averageUtilization": 70}
    assert scaler["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def test_replicas_are_the_autoscalers_after_the_first_update(kubernetes):
    request = kubernetes().request("fraud-server-blue")
    assert request.ignoreChanges == ["spec.replicas"]
    assert kubernetes().inputs["fraud-server-blue"]["spec"]["replicas"] == 2


def test_a_fixed_number_has_no_autoscaler_and_is_the_stacks(kubernetes):
    program = kubernetes({"existing": KEDA}, scaling=by_requests(min=3, max=3))
    assert not [name for name in program.inputs if "autoscaler" in name or "scaledobject" in name]
    assert program.request("fraud-server-blue").ignoreChanges == []
    annotations = program.inputs["fraud-server-blue"]["metadata"]["annotations"]
    assert annotations == {"pulumi.com/patchForce": "true"}


@pytest.mark.parametrize(
    ("startup", "growth", "rest"), [(1, 15, 300), (60, 60, 300), (600, 600, 600), (3600, 1800, 3600)]
)
def test_it_waits_for_pods_that_start_within_what_autoscalers_allow(kubernetes, startup, growth, rest):
    behavior = scaler_of(kubernetes(startup_seconds=startup))["behavior"]
    assert {policy["periodSeconds"] for policy in behavior["scaleUp"]["policies"]} == {growth}
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == rest


def test_each_slot_has_its_own(kubernetes):
    promoted = {"fraud": Releases(stable=Release(source="double.onnx", slot="green"))}
    program = kubernetes({"releases": promoted})
    assert scaler_of(program, slot="green")["scaleTargetRef"]["name"] == "fraud-dev-green"


@pytest.mark.parametrize(("most", "pods"), [(1, 6), (2, 10), (3, 14), (10, 46), (40, 180)])
def test_the_namespace_has_room_for_the_most_pods_of_both_slots_and_an_update_of_them(kubernetes, most, pods):
    program = kubernetes(scaling=Scaling(min=1, max=most), compute=Compute(cpu=0.0125, memory="96Mi"))
    hard = program.inputs["fraud-quota"]["spec"]["hard"]
    assert (hard["pods"], hard["requests.cpu"], hard["limits.cpu"]) == (str(pods), f"{13 * pods}m", f"{13 * pods}m")
    assert hard["requests.memory"] == hard["limits.memory"] == f"{96 * pods}Mi"


QUARTERS = [
    *(((most, 8, "4Gi"), (most, 2, "1Gi")) for most in (1, 2, 3, 10)),
    *(((4 * most, 1, "2Gi"), (most, 1, "2Gi")) for most in (1, 2, 3, 10)),
    *(((2 * most, 1, "1Gi"), (most, 0.5, "512Mi")) for most in (1, 2, 3, 10)),
    ((12, 4, "1Gi"), (3, 16, "4Gi")),
]


@pytest.mark.parametrize(("before", "after"), QUARTERS)
def test_new_pods_come_in_beside_old_ones_that_take_up_to_four_times_as_much(kubernetes, before, after):
    (many, *old), (most, *new) = before, after
    program = kubernetes(scaling=Scaling(min=1, max=most), compute=Compute(cpu=new[0], memory=new[1]))
    hard = program.inputs["fraud-quota"]["spec"]["hard"]
    newcomers = 2 * math.ceil(most / 4)
    assert newcomers + many <= int(hard["pods"])
    for name, of_old, of_new in zip(("requests.cpu", "requests.memory"), old, new, strict=True):
        taken = many * parse_quantity(of_old) + newcomers * parse_quantity(of_new)
        assert taken <= parse_quantity(hard[name]), name


# KEDA


def test_keda_scales_on_cpu_alike(keda, kubernetes):
    scaler = keda(Scaling())
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (2, 4)
    assert scaler["triggers"] == [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}]
    own = scaler["advanced"]["horizontalPodAutoscalerConfig"]
    assert own == {"name": "fraud-dev-blue", "behavior": scaler_of(kubernetes())["behavior"]}
    assert "fallback" not in scaler
    assert "idleReplicaCount" not in scaler


@pytest.mark.parametrize(
    ("metric", "start"),
    [
        ("requestsPerSecond", "sum(rate(modelport_requests_total{"),
        ("concurrency", "clamp_min(sum(avg_over_time(modelport_requests_inflight{"),
        ("waiting", "sum(avg_over_time(modelport_requests_waiting{"),
    ],
)
def test_requests_are_counted_of_the_versions_own_pods(keda, metric, start):
    (trigger,) = keda(by_requests(metric))["triggers"]
    asked = trigger["metadata"]
    assert asked["serverAddress"] == "http://prometheus.monitoring:9090"
    assert asked["threshold"] == "50"
    assert asked["query"].startswith(start)
    assert 'job="fraud",namespace="fraud-dev"' in asked["query"]
    pods = re.search(r'pod=~"([^"]*)"', asked["query"])[1]
    assert re.fullmatch(pods, "fraud-dev-blue-6d4cf56db6-x7k2p")
    assert not re.fullmatch(pods, "fraud-dev-green-6d4cf56db6-x7k2p")


@pytest.mark.parametrize("slot", ["blue", "green"])
@pytest.mark.parametrize("length", [3, 27, 32])
def test_the_pods_of_services_with_long_names_are_counted_too(kubernetes, slot, length):
    name, stable = f"a-{'b' * (length - 2)}", Release(source="double.onnx", slot=slot)
    environment = {"existing": KEDA, "stack": "prod-eu-central", "releases": {name: Releases(stable=stable)}}
    program = kubernetes(environment, metadata=Metadata(name=name), scaling=by_requests())
    (trigger,) = scaler_of(program, "scaledobject", slot)["triggers"]
    pods = re.search(r'pod=~"([^"]*)"', trigger["metadata"]["query"])[1]
    server = program.inputs[f"fraud-server-{slot}"]["metadata"]["name"]
    assert re.fullmatch(pods, f"{server}-6d4cf56db6-"[:58] + "x7k2p"), "the API server cuts what pods' names begin with"


def test_an_output_tells_where_prometheus_and_the_namespace_are(keda):
    later = {name: pulumi.Output.from_input(name) for name in ("namespace", "prometheus_address")}
    (trigger,) = keda(by_requests(), later)["triggers"]
    assert trigger["metadata"]["serverAddress"] == "prometheus_address"
    assert 'namespace="namespace"' in trigger["metadata"]["query"]


@pytest.mark.parametrize("metric", ["requestsPerSecond", "concurrency", "waiting"])
def test_pods_stay_where_prometheus_does_not_answer_or_sees_none_of_them(keda, metric):
    scaler = keda(by_requests(metric, min=3))
    (trigger,) = scaler["triggers"]
    assert trigger["metadata"]["ignoreNullValues"] == "false", "a text, as all that KEDA's triggers say"
    assert scaler["fallback"] == {"failureThreshold": 3, "replicas": 3, "behavior": "currentReplicasIfHigher"}


def test_pods_that_may_be_none_are_not_missed(keda):
    asleep = keda(by_requests(scale_to_zero=True), {"demand": "sum(rate(asked[1m]))"}, accept=TO_ZERO)
    by_day = (Window(cron="0 8 * * *", min=2, max=4), Window(cron="0 20 * * *", min=0, max=4))
    at_night = keda(by_requests(schedule=by_day))
    for scaler in (asleep, at_night):
        assert "ignoreNullValues" not in scaler["triggers"][0]["metadata"]


def test_windows_hold_more_pods_than_the_fewest(keda):
    scaler = keda(Scaling(schedule=ALWAYS_OFF_AT_NIGHT))
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (0, 4)
    assert scaler["triggers"][1:] == [
        {
            "type": "cron",
            "metadata": {
                "timezone": "Europe/Berlin",
                "start": "0 8 * * 1,2,3,4,5",
                "end": "30 19 * * 1,2,3,4,5",
                "desiredReplicas": "3",
            },
        }
    ]


HOURS, MINS = st.integers(0, 23), st.integers(0, 4)
DAYS = st.sampled_from(["*", "1-5", "0,6", "3"])
WINDOWS = st.builds(lambda hour, days, least: Window(cron=f"0 {hour} * * {days}", min=least, max=4), HOURS, DAYS, MINS)
HOURS_OF_A_WEEK = range(0, WEEK_MINUTES, HOUR)


def held(scaler, minute):
    """The pods that KEDA holds at a minute of the week: a trigger is active if its end comes before its next start."""
    active = [0]
    for trigger in scaler["triggers"][1:]:
        asked = trigger["metadata"]
        to_start, to_end = (
            min((moment - minute - 1) % WEEK_MINUTES for moment in moments(asked[name])) for name in ("start", "end")
        )
        assert to_start != to_end
        if to_end < to_start:
            active.append(int(asked["desiredReplicas"]))
    return max(scaler["minReplicaCount"], *active)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WINDOWS, min_size=2, max_size=4))
def test_keda_holds_what_the_window_of_the_time_says(keda, windows):
    try:
        week = periods(windows)
    except ValueError:
        return
    assume(any(window.min for window in windows))
    scaler = keda(Scaling(schedule=tuple(windows)))
    for minute in HOURS_OF_A_WEEK:
        (now,) = [each for each in week if (minute - each.start) % WEEK_MINUTES < each.minutes]
        assert held(scaler, minute) == now.window.min


def test_times_over_midnight_and_of_every_day_are_written_as_cron_has_them(keda):
    night = (Window(cron="0 20 * * *", min=4, max=4), Window(cron="0 6 * * 0-7", min=1, max=4))
    (_, cron) = keda(Scaling(schedule=night))["triggers"]
    assert (cron["metadata"]["start"], cron["metadata"]["end"]) == ("0 20 * * *", "0 6 * * *")
    friday = (Window(cron="0 20 * * 6", min=4, max=4), Window(cron="0 6 * * 0", min=1, max=4))
    (_, cron) = keda(Scaling(schedule=friday))["triggers"]
    assert (cron["metadata"]["start"], cron["metadata"]["end"]) == ("0 20 * * 6", "0 6 * * 0")


def test_a_service_rests_until_somebody_asks_for_it(keda, kubernetes):
    demand = {"demand": 'sum(rate(asked{namespace="$NAMESPACE",service="$SERVICE"}[1m]))'}
    scaler = keda(by_requests(min=3, scale_to_zero=True), demand, accept=TO_ZERO, startup_seconds=900)
    assert (scaler["idleReplicaCount"], scaler["minReplicaCount"], scaler["cooldownPeriod"]) == (0, 3, 900)
    (trigger,) = scaler["triggers"]
    assert trigger["metadata"]["query"] == 'sum(rate(asked{namespace="fraud-dev",service="fraud-dev"}[1m]))'


def test_an_update_waits_for_pods_but_of_a_service_that_may_have_none(kubernetes):
    keda = {"existing": {**KEDA, "demand": "sum(rate(asked[1m]))"}}
    resting = kubernetes(keda, scaling=by_requests(scale_to_zero=True), accept=TO_ZERO)
    off = kubernetes(keda, scaling=Scaling(schedule=ALWAYS_OFF_AT_NIGHT))
    for program in (resting, off):
        annotations = program.inputs["fraud-service"]["metadata"]["annotations"]
        assert annotations == {"pulumi.com/skipAwait": "true"}
    assert "annotations" not in kubernetes(keda).inputs["fraud-service"]["metadata"]
    for program in (resting, off, kubernetes(keda)):
        assert "annotations" not in program.inputs["fraud-server-blue"]["metadata"]


# rules

WEEK = (Window(cron="0 8 * * *", min=2, max=4), Window(cron="0 20 * * *", min=1, max=4))
BROKEN = {
    "requests without KEDA": ({}, by_requests(), "scaling.target.metric", "modelport:existing.autoscaler: keda"),
    "requests without Prometheus": (
        {"autoscaler": "keda"},
        by_requests(),
        "modelport:existing.prometheusAddress",
        "http://prometheus.monitoring:9090",
    ),
    "a password": (
        {**KEDA, "prometheus_address": "http://me:secret@prometheus"},
        by_requests(),
        "modelport:existing.prometheusAddress",
        "password",
    ),
    "half a percent": ({}, Scaling(target=ScalingTarget(value=50.5)), "scaling.target.value", "whole percents"),
    "a schedule without KEDA": ({}, Scaling(schedule=WEEK), "scaling.schedule", "modelport:existing.autoscaler: keda"),
    "zero without KEDA": ({}, Scaling(scale_to_zero=True), "scaling.scaleToZero", "modelport:existing.autoscaler"),
    "zero on CPU": (KEDA, Scaling(scale_to_zero=True), "scaling.target.metric", "requestsPerSecond"),
    "zero that nothing wakes": (KEDA, by_requests(scale_to_zero=True), "modelport:existing.demand", "$SERVICE"),
    "zero and windows": (KEDA, by_requests(scale_to_zero=True, schedule=WEEK), "scaling.scaleToZero", "min: 0"),
    "one window": (KEDA, Scaling(schedule=WEEK[:1]), "scaling.schedule", "there is no other"),
    "days of the month": (
        KEDA,
        Scaling(schedule=(*WEEK, Window(cron="0 9 1 * *", min=1, max=4))),
        "scaling.schedule",
        "every week",
    ),
    "an hour that is none": (
        KEDA,
        Scaling(schedule=(*WEEK, Window(cron="0 25 * * *", min=1, max=4))),
        "scaling.schedule",
        "25 is no hour",
    ),
    "two at once": (
        KEDA,
        Scaling(schedule=(*WEEK, Window(cron="0 8 * * 1", min=4, max=4))),
        "scaling.schedule",
        "same moment",
    ),
    "two time zones": (
        KEDA,
        Scaling(schedule=(*WEEK, Window(cron="0 9 * * *", timezone="Europe/Berlin", min=1, max=4))),
        "scaling.schedule",
        "one time zone",
    ),
    "another maximum": (
        KEDA,
        Scaling(schedule=(*WEEK, Window(cron="0 9 * * *", min=1, max=3))),
        "scaling.schedule",
        "Write max: 4",
    ),
    "always off": (
        KEDA,
        Scaling(schedule=tuple(window.model_copy(update={"min": 0}) for window in WEEK)),
        "scaling.schedule",
        "no window starts an instance",
    ),
    "off while requests come": (
        KEDA,
        by_requests(schedule=ALWAYS_OFF_AT_NIGHT),
        "scaling.schedule",
        "a window says max: 0",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_nobody_could_scale_by_is_refused_with_what_to_do(kubernetes, case):
    existing, scaling, path, words = BROKEN[case]
    with pytest.raises(pulumi.RunError) as failed:
        kubernetes({"existing": existing}, scaling=scaling, accept=TO_ZERO)
    told = str(failed.value)
    assert "MP401 refused by kubernetes" in told[told.index(path) :]
    assert words in told
    assert "secret" not in told


def test_scaling_to_zero_is_accepted_or_refused(kubernetes):
    existing = {"existing": {**KEDA, "demand": "sum(rate(asked[1m]))"}}
    with pytest.raises(pulumi.RunError, match="MP403"):
        kubernetes(existing, scaling=by_requests(scale_to_zero=True))
    assert kubernetes(existing, scaling=by_requests(scale_to_zero=False)).inputs


def test_a_load_on_an_accelerator_is_refused(args):
    service = args(
        {"existing": KEDA},
        compute=Compute(accelerator=Accelerator(kind="nvidia-l4")),
        scaling=by_requests("accelerator"),
    )
    (objection,) = scaling_rules(service.spec, service.environment)
    assert (objection.path, "concurrency" in objection.alternative) == ("scaling.target.metric", True)
