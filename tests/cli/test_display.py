"""What a run's events look like, and what they add up to."""

import io
import json
import time

import pytest
from rich.console import Console

from modelport.cli.display import Display
from modelport.cli.report import Report

URN = "urn:pulumi:dev::test::modelport:local:Service$modelport:local:Server::fraud-local-server"
COMPONENT = "urn:pulumi:dev::test::modelport:local:Service::fraud-local"
PROVIDER = "urn:pulumi:dev::test::pulumi:providers:modelport::default"
MASKED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:secret"}


def begun(op, *, urn=URN, old=None, new=None, diffs=None):
    states = [{"custom": urn != COMPONENT, "inputs": inputs} if inputs is not None else None for inputs in (old, new)]
    detail = {path: {"kind": "update"} for path in diffs} if diffs else None
    body = {"op": op, "urn": urn, "old": states[0], "new": states[1], "detailedDiff": detail}
    return {"resourcePreEvent": {"metadata": body}}


def ended(event, *, outputs=None, failed=False):
    body = event["resourcePreEvent"]["metadata"]
    new = body["new"] and {**body["new"], "outputs": outputs or {}}
    return {"resOpFailedEvent" if failed else "resOutputsEvent": {"metadata": {**body, "new": new}}}


def rewriting(before, after):
    body = {"resourceUrn": URN, "policyName": "POD-07", "before": before, "after": after}
    return {"policyRemediationEvent": body}


def said(text, severity="error"):
    return {"diagnosticEvent": {"severity": severity, "message": text}}


def violation(level="mandatory", rule="NET-01", message="NET-01 The endpoint is private\nit listens on 0.0.0.0\n"):
    body = {"resourceUrn": URN, "policyName": rule, "message": message, "enforcementLevel": level}
    return {"policyEvent": body}


def summary(*, preview=False):
    return {"summaryEvent": {"isPreview": preview, "result": "succeeded"}}


PRELUDE = {"preludeEvent": {"config": {}}}
CREATE = begun("create", new={"port": 1})
UPDATE = begun("update", old={"port": 1, "tags": {"a": 1}}, new={"port": 2, "tags": {"a": 1}}, diffs=["port"])


@pytest.fixture
def shown(capsys):
    """What people see of some events, on standard output and standard error."""

    def shown(*events, preview=False, as_json=False):
        display = Display(as_json=as_json)
        with display.shown(preview_only=preview):
            for event in events:
                display.event(event)
        return capsys.readouterr()

    return shown


def test_a_preview_shows_the_properties_that_change_and_no_other(shown):
    out = shown(PRELUDE, UPDATE, ended(UPDATE), summary(preview=True), preview=True).out
    assert out.splitlines() == ["  ~ server   fraud-local-server", "      port: 1 -> 2"]


def test_without_details_from_the_provider_a_preview_compares_the_inputs(shown):
    update = begun("update", old={"port": 1, "host": "a"}, new={"port": 1, "grace": 5})
    out = shown(PRELUDE, update, ended(update), summary(preview=True), preview=True).out
    assert out.splitlines()[1:] == ["      grace: (none) -> 5", '      host: "a" -> (none)']


def test_a_change_deep_inside_is_shown_by_its_path(shown):
    old, new = ({"spec": {"replicas": count, "ports": [{"port": 80}]}, "data": "[secret]"} for count in (2, 3))
    paths = ["spec.replicas", "spec.ports[0].port", "spec.ports[1].port", 'data["a.b"]']
    update = begun("update", old=old, new=new, diffs=paths)
    out = shown(PRELUDE, update, ended(update), summary(preview=True), preview=True).out
    assert sorted(out.splitlines()[1:]) == [
        '      data["a.b"]: [secret] -> [secret]',
        "      spec.ports[0].port: 80 -> 80",
        "      spec.ports[1].port: (none) -> (none)",
        "      spec.replicas: 2 -> 3",
    ]


@pytest.mark.parametrize("value", ["[secret]", MASKED, {"nested": [MASKED]}])
def test_a_secret_is_masked(shown, value):
    update = begun("update", old={"token": value}, new={"token": value}, diffs=["token"])
    out = shown(PRELUDE, update, ended(update), summary(preview=True), preview=True).out
    assert out.splitlines()[1] == "      token: [secret] -> [secret]"


def test_a_long_value_is_cut(shown):
    update = begun("update", old={"text": "x" * 100}, new={"text": "y"}, diffs=["text"])
    line = shown(PRELUDE, update, ended(update), summary(preview=True), preview=True).out.splitlines()[1]
    assert line.endswith('x … -> "y"')
    assert len(line) < 90


def test_a_replacement_is_one_line(shown):
    steps = [begun(op, old={"a": 1}, new={"a": 2}) for op in ("create-replacement", "replace")]
    steps.append(begun("delete-replaced", old={"a": 1}))
    out = shown(PRELUDE, *(event for step in steps for event in (step, ended(step))), summary()).out
    assert [line.split()[0] for line in out.splitlines()] == ["±", "-"]


def test_only_the_run_after_the_preview_is_shown(shown):
    planned = [PRELUDE, CREATE, ended(CREATE), summary(preview=True)]
    done = [PRELUDE, CREATE, ended(CREATE, outputs={"readySeconds": 0.71}), summary()]
    out = shown(*planned, *done).out
    assert out.splitlines() == ["  + server   fraud-local-server                   ready in 0.7 s, sample answered"]


def test_a_resource_that_failed_says_so(shown):
    assert shown(PRELUDE, CREATE, ended(CREATE, failed=True), summary()).out.split()[-1] == "failed"


def test_providers_and_components_are_not_shown(shown):
    steps = [begun("create", urn=urn, new={}) for urn in (PROVIDER, COMPONENT)]
    assert shown(PRELUDE, *steps, *map(ended, steps), summary()).out == ""


def test_what_a_refresh_comes_upon_is_shown_as_what_led_to_it(shown):
    same, gone = (begun("refresh", urn=f"{URN}-{name}", old={}, new={}) for name in ("same", "gone"))
    missing = ended(gone)
    missing["resOutputsEvent"]["metadata"]["new"] = None
    same["resourcePreEvent"]["metadata"]["old"]["outputs"] = {}
    out = shown(PRELUDE, same, ended(same), gone, missing, summary()).out
    assert [line.split() for line in out.splitlines()] == [
        ["server", "fraud-local-server-same", "unchanged"],
        ["-", "server", "fraud-local-server-gone", "is", "gone"],
    ]
    seen = shown(PRELUDE, same, ended(same), gone, missing, summary(preview=True), preview=True).out
    assert [line.split() for line in seen.splitlines()] == [["-", "server", "fraud-local-server-gone", "is", "gone"]]


def test_messages_go_to_standard_error_once_and_debug_ones_nowhere(shown):
    told = shown(
        PRELUDE, said("low", "debug"), said("wait [x]", "warning"), said("wait [x]", "warning"), said("no room")
    )
    assert (told.out, told.err) == ("", "wait [x]\nno room\n")


def test_a_violation_is_told_once_with_its_resource(shown):
    told = shown(PRELUDE, violation(), PRELUDE, violation(), violation("disabled", "NET-02"))
    assert told.err.splitlines() == [
        "mandatory  NET-01 The endpoint is private",
        "  fraud-local-server: it listens on 0.0.0.0",
    ]


def test_what_a_policy_rewrote_is_told_once_property_by_property(shown):
    before = {"key": MASKED, "spec": {"a.b": "off", "containers": [{"name": "x"}, {"image": "y"}]}}
    after = {"key": MASKED, "spec": {"a.b": "on", "containers": [{"name": "x"}, {"image": "y", "drop": ["ALL"]}]}}
    told = shown(PRELUDE, rewriting(before, after), PRELUDE, rewriting(before, after))
    assert told.err.splitlines() == [
        "rewritten  POD-07",
        '  fraud-local-server: spec["a.b"]: "off" -> "on"',
        '  fraud-local-server: spec.containers[1].drop: (none) -> ["ALL"]',
    ]


def test_what_a_policy_cannot_decide_is_no_violation(shown):
    unknown = "can't run policy 'NET-01' from policy pack 'p@v1' during preview: string value at .arn can't be known\n"
    told = shown(PRELUDE, violation("advisory", message=unknown))
    assert told.err == "undecided  NET-01\n  fraud-local-server: string value at .arn can't be known\n"
    report = Report()
    for event in [
        PRELUDE,
        violation("advisory", message=unknown),
        violation("advisory"),
        {"policyAnalyzeSummaryEvent": {"passed": ["NET-02", "NET-03"], "failed": ["NET-01"]}},
        {"policyAnalyzeSummaryEvent": {"notApplicable": {"NET-02": "no port", "NET-04": "no job"}}},
        {"policyAnalyzeStackSummaryEvent": {"failed": ["NET-01"], "notApplicable": {"NET-05": "no workspace"}}},
    ]:
        report.take(event)
    assert (report.evaluated, len(report.violations), len(report.undecided)) == (3, 1, 1)
    assert report.not_applicable == 2


def test_a_terminal_shows_what_goes_on_and_for_how_long(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr("modelport.cli.display.console", lambda **_: terminal)
    display = Display()
    with display.shown(preview_only=False):
        display.event(PRELUDE)
        display.event(CREATE)
        appears("+ server  fraud-local-server  0 s", screen)


def appears(text, screen):
    deadline = time.monotonic() + 60
    while text not in screen.getvalue():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_json_is_the_events_as_they_came(shown):
    events = [PRELUDE, CREATE, said("ünicode\n"), violation(), summary()]
    told = shown(*events, as_json=True)
    assert [json.loads(line) for line in told.out.splitlines()] == events
    assert told.err == ""


PROBLEM = said("fraud.yaml:5  scalling\n  unknown field.\n1 problem, nothing was changed.")
REFUSED = said("fraud.yaml:5  mode\n  MP402 unbuilt on local.\n1 problem, nothing was changed.")
BOTH = said("a  b\n  MP401 refused.\nc  d\n  unknown field.\n2 problems, nothing was changed.")


@pytest.mark.parametrize(
    ("events", "engine", "code"),
    [
        ([], 0, 0),
        ([said("no room")], 1, 1),
        ([], 8, 1),
        ([violation("advisory")], 0, 0),
        ([violation("advisory")], 1, 1),
        ([violation()], 1, 3),
        ([REFUSED], 1, 4),
        ([REFUSED, violation()], 1, 4),
        ([PROBLEM], 1, 2),
        ([PROBLEM, REFUSED, violation()], 1, 2),
        ([BOTH], 1, 2),
    ],
)
def test_wrong_config_counts_before_a_refusal_before_a_policy_before_a_failure(events, engine, code):
    report = Report()
    for event in [PRELUDE, *events]:
        report.take(event)
    assert report.exit_code(engine) == code


def test_changes_count_what_people_see():
    report = Report()
    same = begun("same", urn=f"{URN}-2", old={}, new={})
    provider = begun("create", urn=PROVIDER, new={})
    for event in (PRELUDE, CREATE, ended(CREATE), same, ended(same), provider, ended(provider)):
        report.take(event)
    assert report.changes() == {"create": 1}


def test_an_error_that_a_target_knows_is_followed_by_what_to_do_once(shown):
    expired = "operation error STS: ExpiredToken: The security token included in the request is expired"
    told = shown(said(expired), said(expired), said("something else"), said(expired, "warning")).err.splitlines()
    assert [line.strip() for line in told if "Sign in again" in line] == [
        "The credentials have expired. Sign in again: aws sso login, or whatever gives you them."
    ]
    assert told[0].startswith("operation error STS")
