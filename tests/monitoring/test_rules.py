from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.services import WATCHED, service

from modelport.monitoring import KINDS, Signal, alert_rules, objectives, receivers
from modelport.monitoring.burn import BURN_RATES

AVAILABILITIES = st.floats(50, 99.999)


def named(**sections):
    return {rule.name: rule for rule in alert_rules(service(**sections))}


def test_each_objective_gets_two_pages_and_two_tickets():
    rules = [rule for rule in alert_rules(service(**WATCHED)) if "burn" in rule.name]
    assert [(rule.name, rule.severity) for rule in rules] == [
        ("availability-burn-1h", "page"),
        ("availability-burn-6h", "page"),
        ("availability-burn-1d", "ticket"),
        ("availability-burn-3d", "ticket"),
        ("latency-p99-burn-1h", "page"),
        ("latency-p99-burn-6h", "page"),
        ("latency-p99-burn-1d", "ticket"),
        ("latency-p99-burn-3d", "ticket"),
    ]


def test_the_limit_of_an_alert_is_the_budget_times_the_burn_rate():
    fastest = named(slo={"availability": 99.9})["availability-burn-1h"]
    long, short, guard = fastest.conditions
    assert long.threshold == short.threshold == pytest.approx(0.001 * 14.4)
    assert (guard.reading.signal, str(guard.reading.window), guard.threshold) == (Signal.BAD_REQUESTS, "1h", 5)
    assert fastest.summary == (
        "fraud: the error budget of availability, 99.9 %, is used up 14.4 times too fast, over 1h"
    )


def test_a_fully_watched_service_has_an_alert_of_every_kind():
    rules = alert_rules(service(**WATCHED))
    assert {rule.kind for rule in rules} == set(KINDS)
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.severity in rule.kind.severities for rule in rules)


def test_switched_off_alerts_give_no_rules():
    assert alert_rules(service(monitoring={"alerts": {"enabled": False}})) == ()


@given(AVAILABILITIES)
def test_no_alert_waits_for_more_bad_requests_than_there_are(availability):
    burns = [rule for rule in alert_rules(service(slo={"availability": availability})) if "burn" in rule.name]
    assert burns
    assert all(0 < rule.conditions[0].threshold < 1 for rule in burns)


@given(AVAILABILITIES, AVAILABILITIES)
def test_a_stricter_objective_fires_no_later(one, other):
    strict, loose = (named(slo={"availability": value}) for value in sorted((one, other), reverse=True))
    for name in strict.keys() & loose.keys():
        if "burn" in name:
            assert strict[name].conditions[0].threshold <= loose[name].conditions[0].threshold
    assert {name for name in loose if "burn" in name} <= set(strict)


@given(AVAILABILITIES)
def test_the_longer_the_windows_the_smaller_the_share_that_matters(availability):
    burns = [rule for rule in alert_rules(service(slo={"availability": availability})) if "availability" in rule.name]
    for quick, slow in pairwise(burns):
        assert quick.conditions[0].reading.window < slow.conditions[0].reading.window
        assert quick.conditions[0].threshold > slow.conditions[0].threshold
    for rule in burns:
        long, short, _ = rule.conditions
        assert long.reading.window >= 12 * short.reading.window


def test_a_rate_uses_up_the_share_of_a_month_that_the_workbook_says():
    month = 30 * 24 * 3600
    shares = [round(rate.factor * rate.long_window.seconds / month, 3) for rate in BURN_RATES]
    assert shares == [0.02, 0.05, 0.1, 0.1]


def test_a_latency_objective_counts_answers_within_its_time():
    found = {objective.name: objective.within for objective in objectives(service(slo={"latency": {"p95": "20ms"}}))}
    assert found == {"availability": None, "latency-p95": 0.02}


@pytest.mark.parametrize(
    ("sections", "silence"),
    [
        ({}, {"service-absent", "service-down", "instances-missing", "traffic-stopped"}),
        ({"scaling": {"min": 1}}, {"service-absent", "service-down", "traffic-stopped"}),
        ({"scaling": {"scaleToZero": True}}, {"traffic-stopped"}),
        ({"scaling": {"schedule": [{"cron": "0 20 * * *", "min": 0, "max": 0}]}}, {"traffic-stopped"}),
        ({"mode": "serverless"}, {"traffic-stopped"}),
        ({"mode": "batch"}, set()),
    ],
)
def test_where_no_instance_may_be_a_plan_none_missing_is_trouble(sections, silence):
    assert {rule.name for rule in named(**sections).values() if rule.kind.category == "silence"} == silence


def test_the_least_of_all_schedules_is_what_must_be_there():
    window = {"cron": "0 20 * * *", "min": 3, "max": 4}
    rule = named(scaling={"min": 5, "max": 9, "schedule": [window]})["instances-missing"]
    assert rule.conditions[0].threshold == 3


def test_a_slow_start_is_no_outage():
    assert named(startupSeconds=1800)["service-down"].lasting.seconds > 1800


def test_what_is_not_asked_for_is_not_watched():
    rules = named(monitoring={"alerts": {"modelAge": None}})
    assert rules.keys().isdisjoint({"model-old", "model-drift", "accelerator-memory-high"})
    other = {"capture": {"percent": 1}, "drift": {"enabled": True, "method": "ks"}}
    assert "model-drift" not in named(monitoring=other)


def test_receivers_are_told_apart_and_named_once():
    told = ["a@example.com", "https://example.com/hook", "arn:aws:sns:eu-west-1:1:alarms", "a@example.com"]
    found = receivers(service(monitoring={"alerts": {"notify": told}}))
    assert [each.kind for each in found] == ["email", "webhook", "topic"]
    assert [each.address for each in found] == told[:3]
