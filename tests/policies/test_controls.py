import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policy_cases import cases, controls, resource

from modelport_policies.control import PROFILES

CASES = list(cases())
KEYS = [
    *("spec", "template", "jobTemplate", "containers", "name", "image", "metadata", "labels", "annotations"),
    *("resources", "limits", "requests", "securityContext", "podSelector", "tags", "host", "digest", "type"),
    *("matchLabels", "matchExpressions", "ingress", "egress", "externalIPs", "policyTypes", "os"),
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)
EXPRESSION = st.fixed_dictionaries({"key": JUNK, "operator": JUNK, "values": JUNK})
SELECTOR = st.fixed_dictionaries({"matchExpressions": st.lists(EXPRESSION, max_size=2)}) | JUNK
POLICY = st.fixed_dictionaries({"spec": st.fixed_dictionaries({"podSelector": SELECTOR, "policyTypes": JUNK})})


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict == "good"], ids=str)
def test_a_good_example_passes(case):
    outcome = case.outcome()
    assert outcome.violations == ()
    assert outcome.undecided is outcome.not_applicable is None


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict == "bad"], ids=str)
def test_a_bad_example_is_flagged(case):
    outcome = case.outcome()
    assert outcome.violations
    assert outcome.undecided is outcome.not_applicable is None


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict == "unknown"], ids=str)
def test_what_is_not_known_yet_is_undecided(case):
    outcome = case.outcome()
    assert outcome.undecided
    assert outcome.violations == ()


@pytest.mark.parametrize("case", [case for case in CASES if case.verdict == "not_applicable"], ids=str)
def test_what_does_not_apply_says_why(case):
    assert case.outcome().not_applicable


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_every_type_that_a_control_judges_has_examples(control):
    wanted = {"good", "bad"} if control.id == "GOV-12" else {"good", "bad", "unknown"}
    for type_ in control.checks:
        assert wanted <= {case.verdict for case in CASES if (case.control, case.type) == (control.id, type_)}, type_


def test_every_example_belongs_to_a_control_and_a_type():
    known = {(control.id, type_) for control in controls() for type_ in control.checks}
    assert {(case.control, case.type) for case in CASES} <= known


def test_ids_are_unique():
    ids = [control.id for control in controls()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_a_stricter_profile_is_never_more_lenient(control):
    strictness = ["disabled", "advisory", "mandatory"]
    ranks = [strictness.index(getattr(control.levels, profile)) for profile in PROFILES]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_every_check_says_which_input_it_reads(control):
    assert all(check.__doc__ for check in control.checks.values())
    assert control.title and control.remediation and control.frameworks


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
@settings(max_examples=30, deadline=None)
@given(inputs=st.dictionaries(st.sampled_from(KEYS), JUNK), policy=POLICY)
def test_no_input_is_strange_enough_to_break_a_control(control, inputs, policy):
    for type_ in control.checks:
        others = [resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", policy)]
        control.evaluate(resource(type_, inputs, others))


def test_what_was_found_before_an_unknown_value_counts():
    control = next(each for each in controls() if each.id == "SUP-01")
    containers = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}]
    outcome = control.evaluate(resource("kubernetes:core/v1:Pod", {"spec": {"containers": containers}}))
    assert outcome.violations == ("container a runs a:1, which is not pinned by digest",)
    assert outcome.undecided
