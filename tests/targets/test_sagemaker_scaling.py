"""How many instances a service on SageMaker has at which time, and how fast that changes."""

import json
from types import SimpleNamespace

import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.judge import judge
from support.aws.kinds import REGION
from support.aws.requests import requests_of

from modelport.bundle import load
from modelport.spec import Request, Scaling
from modelport.targets.sagemaker.schedule import six_fields
from modelport_server.__main__ import _parser
from modelport_server.observe.emf import Emf
from modelport_server.observe.families import labels_of
from modelport_server.observe.metrics import Family
from modelport_server.observe.options import watching

OFFICE = {"cron": "0 8 * * 1-5", "timezone": "Europe/Berlin", "min": 3, "max": 6}
NIGHT = {"cron": "30 20 * * *", "timezone": "Europe/Berlin", "min": 2, "max": 4}
WINDOWS = Scaling(schedule=[OFFICE, NIGHT])


@pytest.mark.parametrize(
    ("cron", "six"),
    [
        ("0 8 * * 1-5", "cron(0 8 ? * 2,3,4,5,6 *)"),
        ("30 20 * * *", "cron(30 20 ? * * *)"),
        ("0 6 * * 0", "cron(0 6 ? * 1 *)"),
        ("0 6 * * 7", "cron(0 6 ? * 1 *)"),
        ("0 6 * * 5-7", "cron(0 6 ? * 1,6,7 *)"),
        ("*/15 8-12/2 * * *", "cron(0,15,30,45 8,10,12 ? * * *)"),
        ("0 * * * 0-6", "cron(0 * ? * * *)"),
    ],
)
def test_times_of_the_week_are_written_as_aws_writes_them(cron, six):
    assert six_fields(cron) == six


def test_a_window_sets_the_bounds_when_it_begins(sagemaker):
    program = sagemaker(scaling=WINDOWS)
    first, second = (program.inputs[f"fraud-schedule-{number}"] for number in (1, 2))
    assert first["schedule"] == "cron(0 8 ? * 2,3,4,5,6 *)"
    assert first["timezone"] == second["timezone"] == "Europe/Berlin"
    assert first["scalableTargetAction"] == {"minCapacity": 3, "maxCapacity": 6}
    assert second["scalableTargetAction"] == {"minCapacity": 2, "maxCapacity": 4}
    assert first["resourceId"] == program.inputs["fraud-capacity"]["resourceId"]
    assert judge(requests_of(program)).problems == []


def test_until_a_window_begins_every_number_is_allowed_that_one_of_them_allows(sagemaker):
    capacity = sagemaker(scaling=WINDOWS).inputs["fraud-capacity"]
    assert (capacity["minCapacity"], capacity["maxCapacity"]) == (2, 6)


@pytest.mark.parametrize(
    ("windows", "first"),
    [([OFFICE, NIGHT], 3), ([{**OFFICE, "min": 1, "max": 1}, {**NIGHT, "min": 0, "max": 0}], 1)],
)
def test_an_update_begins_with_what_every_window_has_at_least(sagemaker, windows, first):
    program = sagemaker(mode="async", scaling=Scaling(schedule=windows))
    (variant,) = program.inputs["fraud-configuration"]["productionVariants"]
    updates = program.inputs["fraud-endpoint"]["deploymentConfig"]["blueGreenUpdatePolicy"]
    assert variant["initialInstanceCount"] == first
    assert updates["trafficRoutingConfiguration"]["type"] == ("ALL_AT_ONCE" if first == 1 else "CANARY")


def test_an_update_does_not_take_back_the_bounds_of_a_window(sagemaker):
    bounds = ["minCapacity", "maxCapacity"]
    assert list(sagemaker(scaling=WINDOWS).request("fraud-capacity").ignoreChanges) == bounds
    assert list(sagemaker().request("fraud-capacity").ignoreChanges) == []


@mock_aws
def test_one_up_on_an_empty_account_makes_the_windows(sagemaker):
    account = Account(REGION)
    account.apply(requests_of(sagemaker(scaling=WINDOWS)))
    made = account.client("application-autoscaling").describe_scheduled_actions(ServiceNamespace="sagemaker")
    assert [each["Timezone"] for each in made["ScheduledActions"]] == ["Europe/Berlin"] * 2


@pytest.mark.parametrize(("startup", "out", "back"), [(30, 60, 300), (200, 200, 300), (900, 900, 900)])
def test_instances_are_not_added_again_before_those_added_can_have_started(sagemaker, startup, out, back):
    followed = sagemaker(startup_seconds=startup).inputs["fraud-scaling"]["targetTrackingScalingPolicyConfiguration"]
    assert (followed["scaleOutCooldown"], followed["scaleInCooldown"]) == (out, back)


def test_a_queue_may_have_no_instances_in_a_window(sagemaker):
    program = sagemaker(mode="async", scaling=Scaling(schedule=[OFFICE, {**NIGHT, "min": 0}]))
    assert program.inputs["fraud-capacity"]["minCapacity"] == 0
    assert program.inputs["fraud-schedule-2"]["scalableTargetAction"]["minCapacity"] == 0


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([OFFICE], "there is no other"),
        ([{**OFFICE, "cron": "0 8 1 * *"}, NIGHT], "does not come every week"),
        ([OFFICE, {**NIGHT, "timezone": "UTC"}], "Write all times in one time zone."),
        ([OFFICE, {**NIGHT, "min": 0}], "a realtime endpoint keeps an instance"),
        (
            [{**OFFICE, "cron": f"{minute} 8 * * *", "max": 6 + minute} for minute in range(21)],
            "Write at most 20",
        ),
    ],
)
def test_windows_that_cannot_be_are_refused_with_what_can(refusal, windows, words):
    assert words in refusal(scaling=Scaling(schedule=windows))


def test_a_realtime_service_does_not_say_how_many_requests_an_instance_takes(refusal):
    assert "Use scaling.target.metric: concurrency" in refusal(request=Request(concurrency=4))


def test_a_realtime_service_keeps_an_instance(refusal):
    assert "Use mode: async or mode: serverless" in refusal(scaling=Scaling(scale_to_zero=True))


def written(settings, model, monkeypatch):
    """What a server with these settings writes of the requests that wait for a model."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    told, lines = watching(_parser().parse_args([])), []
    family = Family("modelport_requests_waiting", "gauge", "", [(labels_of(model), 4)])
    Emf(lambda: [family], SimpleNamespace(write=lines.append), told.emf_namespace).write()
    return told.emf, json.loads(lines[0])


def test_instances_follow_what_the_server_itself_counts(sagemaker, monkeypatch):
    program = sagemaker(scaling=Scaling(target={"metric": "waiting", "value": 3}))
    followed = program.inputs["fraud-scaling"]["targetTrackingScalingPolicyConfiguration"]
    metric, bundle = followed["customizedMetricSpecification"], program.inputs["fraud-bundle-blue"]["bundle"]
    settings = program.inputs["fraud-model-blue"]["primaryContainer"]["environment"]
    seconds, line = written(settings, SimpleNamespace(bundle=load(bundle)), monkeypatch)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    dimensions = {each["name"]: each["value"] for each in metric["dimensions"]}
    assert (followed["targetValue"], metric["statistic"], seconds) == (3, "Average", 60)
    assert metric["namespace"] == directive["Namespace"] == "modelport/fraud-dev/blue"
    assert metric["metricName"] in [each["Name"] for each in directive["Metrics"]]
    assert directive["Dimensions"] == [list(dimensions)]
    assert dimensions.items() <= line.items()
    assert judge(requests_of(program)).problems == []


def test_each_version_follows_what_waits_for_it_alone(sagemaker_release):
    program = sagemaker_release(20, scaling=Scaling(target={"metric": "waiting", "value": 3}))
    policies = [program.inputs[f"fraud-scaling{role}"] for role in ("", "-candidate")]
    followed = [each["targetTrackingScalingPolicyConfiguration"]["customizedMetricSpecification"] for each in policies]
    models = [program.inputs[f"fraud-model-{slot}"]["primaryContainer"]["environment"] for slot in ("blue", "green")]
    assert [each["namespace"] for each in followed] == [each["MODELPORT_EMF_NAMESPACE"] for each in models]
    assert followed[0]["dimensions"] == followed[1]["dimensions"]  # of one number, unless somebody gives them others
    assert followed[0]["namespace"] != followed[1]["namespace"]


@pytest.mark.parametrize("scaling", [Scaling(), Scaling(min=2, max=2, target={"metric": "waiting", "value": 3})])
def test_servers_write_no_metrics_that_nobody_follows(sagemaker, scaling):
    settings = sagemaker(scaling=scaling).inputs["fraud-model-blue"]["primaryContainer"]["environment"]
    assert not [name for name in settings if "EMF" in name]
