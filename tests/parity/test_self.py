"""The suite itself: whatever is wrong with a target or with its table, a check notices."""

from dataclasses import replace

import pulumi
import pytest
from support.cloud import ROWS, TARGET, CloudService
from support.parity import Subject, check

from modelport.plan import Plan, emulated, make_plan, native, refused
from modelport.spec import Memory
from modelport.targets import NAMES, load
from modelport.targets.local import target as local

CLOUD = Subject(TARGET, CloudService)


def ignores_startup_seconds(plan: Plan) -> Plan:
    return replace(plan, spec=plan.spec.model_copy(update={"startup_seconds": 300}))


def lets_startup_seconds_change_the_payload(plan: Plan) -> Plan:
    return with_payload(plan, f"{plan.spec.startup_seconds}Mi")


def allows_no_request(plan: Plan) -> Plan:
    return with_payload(plan, "0Ki")


def with_payload(plan: Plan, text: str) -> Plan:
    request = plan.spec.request.model_copy(update={"payload": Memory.parse(text)})
    return replace(plan, spec=plan.spec.model_copy(update={"request": request}))


BREAKS = {
    "local": [
        ("startupSeconds", ignores_startup_seconds, "does not move"),
        ("startupSeconds", lets_startup_seconds_change_the_payload, "also moves"),
        ("startupSeconds", allows_no_request, "requestBytes"),
    ],
    "kubernetes": [
        ("startupSeconds", ignores_startup_seconds, "does not move"),
        ("startupSeconds", lets_startup_seconds_change_the_payload, "also moves"),
    ],
    "sagemaker": [
        ("startupSeconds", ignores_startup_seconds, "does not move"),
        ("startupSeconds", lets_startup_seconds_change_the_payload, "also moves"),
    ],
    "vertex": [
        ("startupSeconds", ignores_startup_seconds, "does not move"),
        ("startupSeconds", lets_startup_seconds_change_the_payload, "also moves"),
    ],
}


def test_every_built_target_has_mappings_to_break():
    assert set(BREAKS) == {name for name in NAMES if load(name).is_built}


@pytest.mark.parametrize(("target", "field", "wrong", "words"), [(t, *each) for t in BREAKS for each in BREAKS[t]])
def test_a_broken_mapping_is_noticed(subject, monkeypatch, target, field, wrong, words):
    subject = subject(target)
    check(subject, field)
    module = __import__(subject.component.__module__, fromlist=["make_plan"])
    monkeypatch.setattr(module, "make_plan", lambda *args: wrong(make_plan(*args)))
    with pytest.raises(AssertionError, match=words):
        check(subject, field)


def test_a_target_that_does_what_its_table_refuses_is_noticed(subject, monkeypatch):
    lenient = {**local.TARGET.capabilities, "protocols.v1": native("Server.protocols", source="nobody")}
    monkeypatch.setattr(local, "TARGET", replace(local.TARGET, capabilities=lenient))
    with pytest.raises(AssertionError, match="is planned"):
        check(subject("local"), "protocols.v1")


@pytest.mark.parametrize("field", ROWS)
def test_a_right_table_passes(project, field):
    check(CLOUD, field)


@pytest.mark.parametrize(
    ("field", "row", "words"),
    [
        ("scaling.max", native("Endpoint.instances", source="nobody"), "MP402"),
        ("startupSeconds", native("Endpoint.seconds", source="nobody"), "also moves"),
        ("startupSeconds", native("Endpoint.startSeconds", also=("Endpoint.goal",), source="nobody"), "does not move"),
        ("startupSeconds", emulated("Endpoint.startSeconds", adds="Timer", source="nobody"), "adds no Timer"),
        ("request.timeout", refused("it waits", instead="patience"), "is planned"),
        ("protocols.grpc", refused("it speaks it always", instead="patience", always=True), "is planned"),
    ],
)
def test_a_table_that_claims_what_is_not_so_is_noticed(project, field, row, words):
    claimed = replace(CLOUD, target=replace(TARGET, capabilities={**TARGET.capabilities, field: row}))
    with pytest.raises((AssertionError, pulumi.RunError), match=words):
        check(claimed, field)


def test_an_emulation_without_the_resource_that_it_adds_is_noticed(project, monkeypatch):
    monkeypatch.setattr(CloudService, "proxy", lambda self, seconds: None)
    with pytest.raises(AssertionError, match="does not move"):
        check(CLOUD, "request.timeout")
