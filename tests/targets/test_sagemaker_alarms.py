"""Who watches a service on SageMaker, and who hears of trouble."""

import json
import re
from pathlib import Path

import pytest
from moto import mock_aws
from pulumi.runtime import rpc
from support.aws.account import Account
from support.aws.judge import judge
from support.aws.kinds import ACCOUNT, REGION
from support.aws.metrics import DIMENSIONS, DOCUMENTED, fires, longest
from support.aws.requests import requests_of
from support.golden import golden

from modelport.monitoring import KINDS, alert_rules
from modelport.spec import Accelerator, Compute, Memory, Monitoring, Request, Scaling, Slo
from modelport.targets.sagemaker.monitoring.alarms import alarm_roles, parts_of
from modelport.targets.sagemaker.monitoring.queries import Watched
from modelport.targets.sagemaker.monitoring.rules import UNTOLD

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:trouble"
ALL_OBJECTIVES = Slo(availability=99.9, latency={"p50": "10ms", "p95": "50ms", "p99": "100ms"})
GPUS = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-l4", count=4))
EVERYTHING = {"slo": ALL_OBJECTIVES, "compute": GPUS}
OF_ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
ERRORS, ALL, LATENCY = "Invocation5XXErrors", "Invocations", "ModelLatency"


def alerts(**words):
    return Monitoring(alerts=words)


def alarms(program, *types):
    named = {each.name: each.type for each in program.requests if each.type in (types or OF_ALARMS)}
    return {name.removeprefix("fraud-alarm-"): program.inputs[name] for name in named}


def metric_alarms(program):
    return alarms(program, OF_ALARMS[0])


def asked(failed, of, variant="stable"):
    """Values of as many requests, some of which failed."""
    return {(ERRORS, variant): [1] * failed + [0] * (of - failed), (ALL, variant): [1] * of}


def answered(late, of, within, variant="stable"):
    """Values of as many requests, some of which took twice as long as they should, in microseconds."""
    return {(LATENCY, variant): [2 * within] * late + [within] * (of - late)}


def test_the_planned_alarms_are_the_reviewed_ones(sagemaker):
    program = sagemaker(**EVERYTHING, monitoring=alerts(notify=("a@example.com", TOPIC)))
    watching = ("aws:cloudwatch", "aws:sns")
    names = sorted(each.name for each in program.requests if each.type.startswith(watching))
    reviewed, found = golden("sagemaker-alarms.json", {name: program.inputs[name] for name in names}, {})
    assert found == reviewed


def test_every_request_is_one_that_aws_takes(sagemaker):
    program = sagemaker(**EVERYTHING, monitoring=alerts(notify=("a@example.com", "https://example.com/hook", TOPIC)))
    assert judge(requests_of(program)).problems == []


@mock_aws
def test_alarms_and_dashboard_can_be_made(sagemaker):
    account = Account(REGION)
    program = sagemaker(**EVERYTHING, monitoring=alerts(notify=("a@example.com",)))
    account.apply(requests_of(program))
    assert {operation for _, operation in account.gaps} == {
        *("s3.PutBucketPolicy", "sagemaker.CreateEndpointConfig", "cloudwatch.PutCompositeAlarm")
    }
    made = account.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    assert {each["AlarmName"] for each in made} == {each["name"] for each in metric_alarms(program).values()}
    (board,) = account.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert board["DashboardName"] == f"fraud-dev-{REGION}"


def test_alarms_and_pictures_are_of_metrics_that_sagemaker_writes(sagemaker):
    program = sagemaker(**EVERYTHING)
    read = [query["metric"] for each in metric_alarms(program).values() for query in each["metricQueries"][:-1]]
    for metric in read:
        statistics = DOCUMENTED[metric["namespace"], metric["metricName"]]
        assert re.match(r"[A-Za-z]+", metric["stat"])[0] in statistics, metric
        assert metric["dimensions"] == {"EndpointName": "fraud-dev", "VariantName": "stable"}
    for picture in pictures(program):
        for namespace, name, *dimensions, options in (each for each in picture["metrics"] if len(each) > 1):
            assert re.match(r"[A-Za-z]+", options["stat"])[0] in DOCUMENTED[namespace, name]
            assert dict(zip(dimensions[::2], dimensions[1::2], strict=True)).keys() == DIMENSIONS


def test_alarms_look_back_as_far_as_cloudwatch_lets_them(sagemaker):
    for alarm in metric_alarms(sagemaker(**EVERYTHING)).values():
        (period,) = {query["metric"]["period"] for query in alarm["metricQueries"][:-1]}
        assert period % 60 == 0
        assert period * alarm["evaluationPeriods"] <= longest(period)


def test_a_serverless_endpoint_tells_how_many_requests_are_in_work(sagemaker):
    program = sagemaker(mode="serverless", request=Request(concurrency=5), scaling=Scaling(max=3))
    alarm = program.inputs["fraud-alarm-in-flight-high"]
    metric, number = alarm["metricQueries"]
    assert (metric["metric"]["namespace"], metric["metric"]["stat"], metric["metric"]["period"]) == (
        *("AWS/SageMaker", "Average", 900),
    )
    assert metric["metric"]["metricName"] == "ServerlessConcurrentExecutionsUtilization"
    assert (number["expression"], alarm["threshold"]) == ("(atonce_average_stable / 0.2)", 4.5)
    assert "fraud-alarm-in-flight-high" not in sagemaker().inputs


def test_every_kind_of_alert_is_an_alarm_or_it_is_said_why_not(args):
    service = args(**EVERYTHING, monitoring=Monitoring(capture={"percent": 1}, drift={"enabled": True})).spec
    watched = Watched(("stable",), next(iter(machines())), concurrency=16)
    told = {rule.kind.name for rule in alert_rules(service) if parts_of(rule, watched)}
    assert told | UNTOLD.keys() == {kind.name for kind in KINDS}
    assert not told & UNTOLD.keys()


def test_the_page_says_what_is_not_told_and_why():
    page = (Path(__file__).parents[2] / "docs/targets/sagemaker.md").read_text()
    for kind, reason in UNTOLD.items():
        assert f"| `{kind}` | {reason}" in page


def machines():
    from modelport.targets.sagemaker.capacity import MACHINES

    return (each for each in MACHINES if each.accelerators)


def test_every_alarm_has_a_role_that_is_published(sagemaker):
    published = dict(alarm_roles())
    assert {f"alarm-{name}" for name in alarms(sagemaker(**EVERYTHING))} <= published.keys()


@pytest.mark.parametrize(("window", "short", "factor"), [("1h", "5m", 14.4), ("6h", "30m", 6), ("3d", "6h", 1)])
def test_an_alarm_fires_when_errors_use_up_the_budget_too_fast_and_not_below(sagemaker, window, short, factor):
    found = metric_alarms(sagemaker(slo=Slo(availability=99)))
    long, brief = (found[f"availability-burn-{window}-over-{each}"] for each in (window, short))
    at = round(1000 * factor)  # of 100000 requests, of which 1 % may fail
    for alarm in (long, brief):
        assert fires(alarm, asked(at + 1, 100_000))
        assert not fires(alarm, asked(at, 100_000))
        assert not fires(alarm, asked(0, 0))
    assert not fires(long, asked(4, 4)) and fires(long, asked(5, 5))  # few requests make large shares
    assert fires(brief, asked(1, 1))


def test_an_alarm_fires_when_late_answers_use_up_the_budget_too_fast_and_not_below(sagemaker):
    found = metric_alarms(sagemaker(slo=Slo(latency={"p99": "100ms"})))
    for alarm in (found[f"latency-p99-burn-1h-over-{window}"] for window in ("1h", "5m")):
        assert fires(alarm, answered(145, 1000, within=100_000))
        assert not fires(alarm, answered(143, 1000, within=100_000))
        assert not fires(alarm, {})


def test_errors_and_lateness_are_those_of_both_versions_together(sagemaker_release):
    found = metric_alarms(sagemaker_release(weight=50, slo=Slo(availability=99, latency={"p99": "100ms"})))
    errors, late = (found[f"{name}-burn-1h-over-5m"] for name in ("availability", "latency-p99"))
    whole, broken = asked(0, 500), asked(290, 500, "candidate")
    assert fires(errors, {**whole, **broken})
    assert not fires(errors, {**asked(0, 2000), **broken})
    quick, slow = answered(0, 500, 100_000), answered(290, 500, 100_000, "candidate")
    assert fires(late, {**quick, **slow})
    assert not fires(late, {**answered(0, 2000, 100_000), **slow})


def test_a_version_that_nobody_asks_does_not_silence_the_alarms(sagemaker_release):
    found = metric_alarms(sagemaker_release(slo=Slo(availability=99, latency={"p99": "100ms"})))
    assert fires(found["availability-burn-1h-over-1h"], asked(145, 1000))
    assert fires(found["latency-p99-burn-1h-over-1h"], answered(145, 1000, 100_000))
    assert fires(found["cpu-high"], {("CPUUtilization", "stable"): [199]})
    assert fires(found["service-absent"], {})


def test_an_alert_over_two_windows_wants_both(sagemaker):
    program = sagemaker()
    rule = alarms(program)["availability-burn-1h"]["alarmRule"]
    assert rule == 'ALARM("fraud-dev-availability-burn-1h-1h") AND ALARM("fraud-dev-availability-burn-1h-5m")'
    parts = {"fraud-alarm-availability-burn-1h-over-1h", "fraud-alarm-availability-burn-1h-over-5m"}
    assert parts <= depends(program, "fraud-alarm-availability-burn-1h")


def depends(program, name):
    return {urn.rpartition("::")[2] for urn in program.request(name).dependencies}


def test_instances_that_are_full_are_told_of(sagemaker):
    found = metric_alarms(sagemaker(**EVERYTHING))
    cores = 48  # of an ml.g6.12xlarge
    assert fires(found["cpu-high"], {("CPUUtilization", "stable"): [91 * cores]})
    assert not fires(found["cpu-high"], {("CPUUtilization", "stable"): [89 * cores]})
    assert fires(found["memory-high"], {("MemoryUtilization", "stable"): [10, 91]})
    assert not fires(found["memory-high"], {("MemoryUtilization", "stable"): [89, 89]})
    assert fires(found["accelerator-memory-high"], {("GPUMemoryUtilization", "stable"): [4 * 96]})
    assert not fires(found["accelerator-memory-high"], {("GPUMemoryUtilization", "stable"): [4 * 94]})


def test_silence_is_told_of_and_not_before_the_endpoint_is_there(sagemaker):
    program = sagemaker()
    absent = metric_alarms(program)["service-absent"]
    assert fires(absent, {}) and not fires(absent, {("CPUUtilization", "stable"): [0]})
    assert "fraud-endpoint" in depends(program, "fraud-alarm-service-absent")


def test_every_other_alarm_is_there_before_the_endpoint(sagemaker):
    program = sagemaker(**EVERYTHING)
    order = [each.name for each in program.requests]
    for name in alarms(program).keys() - {"service-absent"}:
        assert order.index(f"fraud-alarm-{name}") < order.index("fraud-endpoint")
        assert "fraud-endpoint" not in depends(program, f"fraud-alarm-{name}")


def test_an_alarm_says_what_to_do(sagemaker):
    pages = "https://wiki.example.com/runbooks"
    program = sagemaker({"existing": {"runbooks": pages}})
    for name, alarm in alarms(program).items():
        kind = next(kind.name for kind in KINDS if kind.name.split("-")[0] in name)
        assert f"What to do: {pages}/{kind}.md" in alarm["alarmDescription"]
        assert len(alarm["alarmDescription"]) <= 1024


def test_alarms_that_people_hear_of_tell_a_topic_of_the_services_own(sagemaker):
    program = sagemaker()
    hearing = {name for name, alarm in alarms(program).items() if alarm.get("alarmActions")}
    assert hearing == {name for name in alarms(program) if "-over-" not in name}
    assert all(alarms(program)[name]["alarmActions"] == ["@{fraud-topic.arn}"] for name in hearing)
    assert program.inputs["fraud-topic"]["kmsMasterKeyId"] == "@{fraud-key.arn}"


def test_cloudwatch_alone_publishes_and_for_alarms_of_this_account_alone(sagemaker):
    program = sagemaker()
    (allowed,) = json.loads(program.inputs["fraud-topic-policy"]["policy"])["Statement"]
    (used,) = [
        each for each in json.loads(program.inputs["fraud-key"]["policy"])["Statement"] if each["Sid"] == "Alarms"
    ]
    assert allowed["Action"] == "sns:Publish" and allowed["Resource"] == "@{fraud-topic.arn}"
    for statement in (allowed, used):
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        }


def test_people_hear_by_mail_and_webhook_and_addresses_are_secret(sagemaker):
    program = sagemaker(monitoring=alerts(notify=("a@example.com", "https://example.com/hook")))
    told = [program.inputs[f"fraud-subscription-{number}"] for number in (1, 2)]
    assert [each["protocol"] for each in told] == ["email", "https"]
    assert all(rpc.is_rpc_secret(each["endpoint"]) for each in told)
    assert rpc.unwrap_rpc_secret(told[1]["endpoint"]) == "https://example.com/hook"


@pytest.mark.parametrize("environment", [{"existing": {"topic": TOPIC}}, {}], ids=["stack", "service"])
def test_a_topic_that_is_given_is_told_and_no_other_is_made(sagemaker, environment):
    notify = () if environment else (TOPIC,)
    program = sagemaker(environment, monitoring=alerts(notify=notify))
    assert not [each for each in program.requests if each.type.startswith("aws:sns")]
    assert alarms(program)["cpu-high"]["alarmActions"] == [TOPIC]


def test_people_hear_beside_a_topic_that_is_given(sagemaker):
    program = sagemaker({"existing": {"topic": TOPIC}}, monitoring=alerts(notify=("a@example.com",)))
    assert alarms(program)["cpu-high"]["alarmActions"] == ["@{fraud-topic.arn}", TOPIC]
    assert program.inputs["fraud-subscription-1"]["topic"] == "@{fraud-topic.arn}"


def test_without_alerts_there_are_neither_alarms_nor_a_topic(sagemaker):
    program = sagemaker(monitoring=alerts(enabled=False))
    assert not alarms(program)
    assert not [each for each in program.requests if each.type.startswith("aws:sns")]
    assert program.result["alerts"] == [] and program.result["dashboards"] == [f"fraud-dev-{REGION}"]


def pictures(program):
    body = json.loads(program.inputs["fraud-dashboard"]["dashboardBody"])
    return [each["properties"] for each in body["widgets"] if each["type"] == "metric"]


def test_the_dashboard_shows_what_is_watched(sagemaker):
    found = pictures(sagemaker(**EVERYTHING))
    assert [each["title"] for each in found] == [
        *("availability, 99.9 %: bad requests", "latency-p50, 50 %: bad requests"),
        *("latency-p95, 95 %: bad requests", "latency-p99, 99 %: bad requests"),
        *("Answers by status", "Time to answer", "Cores and memory", "Accelerators", "Instances"),
    ]
    for picture in found:
        ids = [each[-1]["id"] for each in picture["metrics"]]
        assert len(ids) == len(set(ids))
        lines = [each[0]["expression"] for each in picture["metrics"] if len(each) == 1]
        used = {word for line in lines for word in re.findall(r"\bl\d+_\w+", line)}
        assert used == {each for each in ids if not each.startswith("line")}


def test_the_dashboard_shows_the_slower_and_the_fuller_of_two_versions_and_all_of_their_requests(sagemaker_release):
    found = {each["title"]: each["metrics"] for each in pictures(sagemaker_release(weight=20))}
    together = {
        title: [line[0]["expression"].lstrip("(").partition("(")[0] for line in found[title] if len(line) == 1]
        for title in ("Time to answer", "Cores and memory", "Answers by status", "Instances")
    }
    assert together == {
        "Time to answer": ["MAX"] * 3,
        "Cores and memory": ["MAX"] * 2,
        "Answers by status": ["SUM"] * 3,
        "Instances": ["SUM"],
    }


def test_pictures_do_not_cover_each_other(sagemaker):
    body = json.loads(sagemaker(**EVERYTHING).inputs["fraud-dashboard"]["dashboardBody"])
    covered = [
        (x, y)
        for each in body["widgets"]
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(covered) == len(set(covered)) and max(x for x, _ in covered) < 24


@pytest.mark.parametrize(
    ("environment", "notify", "words"),
    [
        ({"existing": {"topic": "trouble"}}, (), "existing.topic"),
        ({}, ("alerts/slack",), "Write arn:aws:sns:REGION:ACCOUNT:TOPIC, an e-mail address"),
        ({}, tuple(f"{number}@example.com" for number in range(11)), "more addresses"),
        ({"existing": {"topic": TOPIC}}, tuple(f"{TOPIC}{each}" for each in range(5)), "5 topics at most"),
    ],
)
def test_who_cannot_be_told_is_refused(refusal, environment, notify, words):
    assert words in refusal(environment, monitoring=alerts(notify=notify))


def test_an_age_of_models_is_refused_where_somebody_asks_for_it(refusal):
    assert "MP401 refused" in refusal(monitoring=alerts(modelAge="30d"))
