"""Who watches a service on Vertex AI, and who hears of trouble."""

import json
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import rpc
from support.gcp.given import TOPIC
from support.gcp.metrics import ALIGNERS, DOCUMENTED, METRIC, SELECTOR, always, fires
from support.gcp.monitoring import verdicts
from support.gcp.program import NUMBER, REGION, GcpProgram
from support.golden import golden

from modelport import VertexService
from modelport.monitoring import KINDS, alert_rules
from modelport.spec import Accelerator, Compute, Memory, Monitoring, Scaling, Slo
from modelport.targets.vertex.capacity import ACCELERATORS, GIGABYTES, MACHINES
from modelport.targets.vertex.monitoring.alerts import alert_roles, parts_of
from modelport.targets.vertex.monitoring.rules import UNTOLD

IMAGE = f"registry.example/server@sha256:{'a' * 64}"
CHANNEL = TOPIC["topic"]
ALL_OBJECTIVES = Slo(availability=99.9, latency={"p50": "10ms", "p95": "50ms", "p99": "100ms"})
GPUS = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-l4", count=4))
EVERYTHING = {"slo": ALL_OBJECTIVES, "compute": GPUS, "scaling": Scaling(min=2, max=4)}
HOUR, MINUTES = 3600, 300
GIB = 2**30


def alerting(**words):
    return Monitoring(alerts=words)


def watching(program):
    """Type tokens and inputs of what watches, by role."""
    made = {each.name: each.type for each in program.requests if each.type.startswith("gcp:monitoring")}
    return {name.removeprefix("fraud-"): (token, program.inputs[name]) for name, token in made.items()}


def policies(program):
    found = watching(program).items()
    return {role.removeprefix("alert-"): inputs for role, (token, inputs) in found if token.endswith(":AlertPolicy")}


def objectives(program):
    found = watching(program).values()
    return {inputs["sloId"]: inputs for token, inputs in found if token.endswith(":Slo")}


def asked(failed, of):
    """Answers to as many requests, some of which failed."""
    return {("response_count", "2xx", "0"): [of - failed], ("response_count", "5xx", "0"): [failed]}


def answered(late, of, within):
    """Milliseconds of as many requests, some of which took twice as long as they should."""
    taken = [2 * within] * late + [within] * (of - late)
    return {
        ("prediction_latencies", "total", "0"): taken,
        ("prediction_latencies", "model", "0"): [0] * of,
        **asked(0, of),
    }


def of_machines(metric, *values):
    return {(metric, "", str(number)): [value] for number, value in enumerate(values)}


@pytest.fixture
def told(vertex):
    """Whether an alert of a service fires when values are so."""

    def told(alert, values, **sections):
        program = vertex(**sections)
        recent = values if callable(values) else always(values)
        return fires(policies(program)[alert], objectives(program), recent)

    return told


def test_what_watches_is_the_reviewed(vertex):
    program = vertex(**EVERYTHING, monitoring=alerting(notify=("a@example.com", CHANNEL)))
    found = {role: inputs for role, (_, inputs) in sorted(watching(program).items())}
    found["dashboard"] = json.loads(found["dashboard"]["dashboardJson"])
    reviewed, given = golden("vertex-monitoring.json", found, {})
    assert given == reviewed


@pytest.mark.parametrize("sections", [{}, EVERYTHING], ids=["usual", "everything"])
def test_what_watches_is_what_google_takes(vertex, sections):
    program = vertex(**sections, monitoring=alerting(notify=("a@example.com", CHANNEL)))
    found = verdicts(watching(program))
    assert {role: wrong for role, wrong in found.items() if wrong} == {}
    assert len(found) > 10


def series(value):
    """Every filter with its aggregation, in what watches."""
    if isinstance(value, dict):
        if "filter" in value:
            yield value["filter"], value.get("aggregation") or (value.get("aggregations") or [None])[0]
        for each in value.values():
            yield from series(each)
    elif isinstance(value, list):
        for each in value:
            yield from series(each)


def test_alerts_and_pictures_are_of_metrics_that_vertex_writes(vertex):
    program = vertex(**EVERYTHING)
    board = json.loads(program.inputs["fraud-dashboard"]["dashboardJson"])
    read = [*series(board), *(pair for policy in policies(program).values() for pair in series(policy))]
    for text, way in read:
        if selected := SELECTOR.fullmatch(text):
            assert selected["objective"] in objectives(program)
            assert (selected["project"], selected["service"]) == (NUMBER, f"fraud-dev-{REGION}")
            continue
        place = METRIC.fullmatch(text)
        kind, type_, labels = DOCUMENTED[place["metric"]]
        kinds, types = ALIGNERS[way["perSeriesAligner"]]
        assert kind in kinds and type_ in types, (text, way)
        assert place["label"] is None or place["label"] in labels
        assert (type_ == "DISTRIBUTION") == way["crossSeriesReducer"].startswith("REDUCE_PERCENTILE_")
        assert (place["region"], place["endpoint"]) == (REGION, program.inputs["fraud-endpoint"]["name"])
    assert len(read) > 20


def test_alerts_look_back_as_far_as_cloud_monitoring_lets_them(vertex):
    for policy in policies(vertex(**EVERYTHING)).values():
        assert 1 <= len(policy["conditions"]) <= 6
        for condition in policy["conditions"]:
            (asked,) = (value for key, value in condition.items() if key != "displayName")
            assert int(asked["duration"].removesuffix("s")) % 60 == 0
            selected = SELECTOR.fullmatch(asked["filter"])
            back = selected["period"] if selected else asked["aggregations"][0]["alignmentPeriod"].removesuffix("s")
            assert int(back) <= 86_400


def test_every_kind_of_alert_is_told_or_it_is_said_why_not(args):
    service = args(**EVERYTHING, monitoring=Monitoring(capture={"percent": 1}, drift={"enabled": True})).spec
    machine = next(each for each in MACHINES if each.accelerators)
    told = {rule.kind.name for rule in alert_rules(service) if parts_of(rule, machine)}
    assert told | UNTOLD.keys() == {kind.name for kind in KINDS}
    assert not told & UNTOLD.keys()


def test_the_page_says_what_is_not_told_and_why():
    page = (Path(__file__).parents[2] / "docs/targets/vertex.md").read_text()
    for kind, reason in UNTOLD.items():
        assert f"| `{kind}` | {reason}" in page


def test_every_alert_has_a_role_that_is_published(vertex):
    assert {f"alert-{name}" for name in policies(vertex(**EVERYTHING))} <= dict(alert_roles()).keys()


@pytest.mark.parametrize(("window", "factor"), [("1h", 14.4), ("6h", 6), ("1d", 3)])
def test_an_alert_fires_when_errors_use_up_the_budget_too_fast_and_not_below(told, window, factor):
    def fires(values):
        return told(f"availability-burn-{window}", values, slo=Slo(availability=99))

    at = round(1000 * factor)  # of 100000 requests, of which 1 % may fail
    assert fires(asked(at + 1, 100_000))
    assert not fires(asked(at, 100_000))
    assert not fires({})
    assert fires(asked(5, 5)) and not fires(asked(4, 4))  # few requests make large shares


def test_an_alert_over_two_windows_wants_both(told):
    def at(long, short):
        return lambda seconds: asked(short if seconds == MINUTES else long, 1000)

    assert told("availability-burn-1h", at(500, 500))
    assert not told("availability-burn-1h", at(500, 0))
    assert not told("availability-burn-1h", at(0, 500))


def test_three_days_are_more_than_an_alert_looks_back_on(vertex):
    assert not [name for name in policies(vertex(**EVERYTHING)) if name.endswith("-3d")]


def test_an_alert_fires_when_late_answers_use_up_the_budget_too_fast_and_not_below(told):
    def fires(values):
        return told("latency-p99-burn-1h", values, slo=Slo(latency={"p99": "100ms"}))

    assert fires(answered(145, 1000, 100))
    assert not fires(answered(143, 1000, 100))
    assert not fires({})
    assert fires(answered(35, 35, 100))
    assert not fires(answered(34, 34, 100))  # of so few, five are no more than the share


def test_machines_that_are_full_are_told_of(told):
    machine = next(each for each in MACHINES if each.name == "g2-standard-48")
    full = GIGABYTES["nvidia-l4"] * 4e9
    for alert, metric, at in (
        ("cpu-high", "cpu/utilization", 0.9 * machine.cpu),
        ("memory-high", "memory/bytes_used", 0.9 * machine.memory.bytes),
        ("accelerator-memory-high", "accelerator/memory/bytes_used", 0.95 * full),
    ):
        assert told(alert, of_machines(metric, at * 1.01), compute=GPUS), alert
        assert not told(alert, of_machines(metric, at * 0.99), compute=GPUS), alert
    assert told("memory-high", of_machines("memory/bytes_used", 1, 190 * GIB), compute=GPUS)
    assert not told("cpu-high", of_machines("cpu/utilization", 1, machine.cpu), compute=GPUS)


def test_every_accelerator_s_memory_is_known():
    assert GIGABYTES.keys() == ACCELERATORS.keys()


def test_machines_that_are_not_there_are_told_of(told):
    def seen(wanted, ready):
        return {**of_machines("target_replicas", *wanted), **of_machines("replicas", *ready)}

    scaling = Scaling(min=2, max=4)
    for values, down, missing in (
        (seen([2], [0]), True, False),
        (seen([2], [1]), False, True),
        (seen([2], [2]), False, False),
        (seen([2, 2], [1, 1]), False, False),
        (seen([0], [0]), False, False),
    ):
        assert told("service-down", values, scaling=scaling) is down
        assert told("instances-missing", values, scaling=scaling) is missing
    assert told("service-absent", {}) and not told("service-absent", seen([1], [1]))


def test_what_nobody_asks_for_any_more_is_over_and_what_is_gone_is_not(vertex):
    found = policies(vertex(**EVERYTHING))
    lasting = {name for name, policy in found.items() if "alertStrategy" not in policy}
    assert lasting == {"service-absent"}
    assert found["cpu-high"]["alertStrategy"] == {"autoClose": "1800s"}


def test_an_alert_says_what_to_do(vertex, args):
    pages = "https://wiki.example.com/runbooks"
    kinds = {rule.name: rule.kind.name for rule in alert_rules(args().spec)}
    for name, policy in policies(vertex({"existing": {"runbooks": pages}})).items():
        said = policy["documentation"]
        assert f"What to do: {pages}/{kinds[name]}.md" in said["content"]
        assert said["subject"].startswith({"CRITICAL": "page: fraud", "WARNING": "ticket: fraud"}[policy["severity"]])
        assert policy["userLabels"]["rule"] == name


def test_objectives_are_there_before_what_is_about_them(vertex):
    program = vertex(**EVERYTHING)
    needed = {f"fraud-slo-{name}" for name in objectives(program)}
    for name in (*(f"alert-{name}" for name in policies(program)), "dashboard"):
        before = {urn.rpartition("::")[2] for urn in program.request(f"fraud-{name}").dependencies}
        assert needed <= before, name


def test_people_hear_by_mail_and_webhook_and_addresses_of_webhooks_are_secret(vertex):
    program = vertex(monitoring=alerting(notify=("a@example.com", "https://example.com/hook")))
    mail, hook = (program.inputs[f"fraud-channel-{number}"] for number in (1, 2))
    assert (mail["type"], mail["labels"]) == ("email", {"email_address": "a@example.com"})
    assert hook["type"] == "webhook_tokenauth"
    secret = hook["labels"] if rpc.is_rpc_secret(hook["labels"]) else hook["labels"]["url"]
    assert rpc.is_rpc_secret(secret)
    channels = ["@{fraud-channel-1.name}", "@{fraud-channel-2.name}"]
    assert all(policy["notificationChannels"] == channels for policy in policies(program).values())


@pytest.mark.parametrize("environment", [{"existing": {"topic": CHANNEL}}, {}], ids=["stack", "service"])
def test_a_channel_that_is_given_is_told_and_no_other_is_made(vertex, environment):
    program = vertex(environment, monitoring=alerting(notify=() if environment else (CHANNEL,)))
    assert not [role for role in watching(program) if role.startswith("channel")]
    assert policies(program)["cpu-high"]["notificationChannels"] == [CHANNEL]


def test_without_alerts_there_are_objectives_and_a_dashboard_alone(vertex):
    program = vertex(monitoring=alerting(enabled=False, notify=("a@example.com",)))
    assert watching(program).keys() == {"monitored", "slo-availability", "dashboard"}
    assert program.result["alerts"] == [] and program.result["dashboards"] == ["@{fraud-dashboard.id}"]
    assert "@{fraud-alert-cpu-high.name}" in vertex().result["alerts"]


def test_jobs_are_watched_by_nobody(vertex):
    program = vertex(mode="batch")
    assert not watching(program)
    assert program.result["alerts"] == program.result["dashboards"] == []
    with pytest.raises(pulumi.RunError, match=r"monitoring\.alerts\.notify"):
        vertex(mode="batch", monitoring=alerting(notify=("a@example.com",)))


def pictures(program):
    board = json.loads(program.inputs["fraud-dashboard"]["dashboardJson"])
    return [each for each in board["mosaicLayout"]["tiles"] if "sectionHeader" not in each["widget"]]


def test_the_dashboard_shows_what_is_watched(vertex):
    found = [each["widget"]["title"] for each in pictures(vertex(slo=Slo(latency={"p99": "100ms"}), compute=GPUS))]
    assert found == [
        *(
            "availability, 99.5 %: error budget left of 30 days",
            "availability, 99.5 %: bad requests (times the budget)",
        ),
        *("latency-p99, 99 %: error budget left of 30 days", "latency-p99, 99 %: bad requests (times the budget)"),
        *("Answers by status", "Time to answer (ms)", "Cores and memory (cores)", "Cores and memory (bytes)"),
        *("Accelerators", "Accelerators (bytes)", "Instances"),
    ]


def test_limits_in_pictures_are_those_of_the_numbers_beside_them(vertex):
    found = {each["widget"]["title"]: each["widget"] for each in pictures(vertex(slo=Slo(latency={"p99": "100ms"})))}
    limits = {
        title: next((each["value"] for each in widget["xyChart"].get("thresholds", ())), None)
        for title, widget in found.items()
        if "xyChart" in widget
    }
    assert limits["availability, 99.5 %: bad requests (times the budget)"] == 14.4
    assert limits["Time to answer (ms)"] == 100
    assert limits["Instances"] is None
    left = found["latency-p99, 99 %: error budget left of 30 days"]["scorecard"]
    assert left["thresholds"] == [{"value": 0, "color": "RED", "direction": "BELOW"}]


def test_pictures_do_not_cover_each_other(vertex):
    board = json.loads(vertex(**EVERYTHING).inputs["fraud-dashboard"]["dashboardJson"])["mosaicLayout"]
    covered = [
        (x, y)
        for each in board["tiles"]
        for x in range(each["xPos"], each["xPos"] + each["width"])
        for y in range(each["yPos"], each["yPos"] + each["height"])
    ]
    assert len(covered) == len(set(covered)) and max(x for x, _ in covered) < board["columns"]


@pytest.mark.parametrize(
    ("environment", "sections", "words"),
    [
        ({"existing": {"topic": "trouble"}}, {}, ("modelport:existing.topic", "no notification channel")),
        ({}, {"monitoring": alerting(notify=("alerts/slack",))}, ("monitoring.alerts.notify", "an e-mail address")),
        (
            {},
            {"monitoring": alerting(notify=tuple(f"{number}@example.com" for number in range(11)))},
            ("monitoring.alerts.notify", "more addresses"),
        ),
        (
            {"existing": {"topic": CHANNEL}},
            {"monitoring": alerting(notify=tuple(f"{CHANNEL}{number}" for number in range(16)))},
            ("monitoring.alerts.notify: 17", "16 channels at most"),
        ),
        ({}, {"slo": Slo(availability=99.995)}, ("slo.availability", "Write 99.99 or less")),
    ],
)
def test_what_cannot_be_watched_so_is_refused(args, environment, sections, words):
    service, said = args({"image": IMAGE, **environment}, **sections), []

    def run():
        with pytest.raises(pulumi.RunError) as failed:
            VertexService("fraud", service)
        said.append(str(failed.value))

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []
    assert all(word in said[0] for word in words), said[0]
