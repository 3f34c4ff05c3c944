from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from support.hardened import CLOUDS, HARDENED, around, hardened
from support.junk import JUNK, KEYS
from support.policy_cases import cases, controls, resource
from support.references import written

from modelport_policies.aws import DEFAULT_NETWORKS, PUBLIC_REPOSITORY
from modelport_policies.control import PROFILES, Outcome, mismatch
from modelport_policies.gcp import LIVING_LONG
from modelport_policies.kubernetes import DEPLOYMENT, NETWORK_POLICY
from modelport_policies.resource import Stack, canonical

CASES = cases()
WANTED = {"GOV-11": {"bad", "unknown", "not_applicable"}, "GOV-12": {"good", "bad"}}
"""Verdicts of the examples of those that have no others: an old API is never good, exemptions are always known."""
by_control = pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
EXPRESSION = st.fixed_dictionaries({"key": JUNK, "operator": JUNK, "values": JUNK})
SELECTOR = st.fixed_dictionaries({"matchExpressions": st.lists(EXPRESSION, max_size=2)}) | JUNK
POLICY = st.fixed_dictionaries({"spec": st.fixed_dictionaries({"podSelector": SELECTOR, "policyTypes": JUNK})})
WRONG_BY_THEMSELVES = (*DEFAULT_NETWORKS, PUBLIC_REPOSITORY, *LIVING_LONG)
NEIGHBOURS = (NETWORK_POLICY,)
NONSENSE = [None, True, "x", -1.5, ["x"], {"x": None}]


def paths(value, path=()):
    """The way to every value in a tree."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from paths(each, (*path, key))


def changed(value, path, new):
    """A tree with another value where a path leads."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def examples(control, verdict):
    return [case for case in CASES if (case.control, case.verdict) == (control.id, verdict)]


@by_control
def test_a_good_example_passes(control):
    for case in examples(control, "good"):
        assert case.outcome() == Outcome(), case


@by_control
def test_a_bad_example_is_flagged(control):
    for case in examples(control, "bad"):
        outcome = case.outcome()
        assert outcome == Outcome(outcome.violations) != Outcome(), case


@by_control
def test_the_whole_pack_finds_nothing_in_a_hardened_example_that_is_good(control):
    found = {str(case): case.found() for case in examples(control, "good") if case.is_for_the_whole_pack}
    assert not {case: ids for case, ids in found.items() if ids}


@by_control
def test_the_whole_pack_finds_in_a_hardened_example_that_is_bad_what_is_bad_and_nothing_else(control):
    found = {str(case): case.found() for case in examples(control, "bad") if case.is_for_the_whole_pack}
    wanted = {str(case): {control.id, *case.also} for case in examples(control, "bad")}
    assert not {case: ids for case, ids in found.items() if ids != wanted[case]}


@by_control
def test_what_is_not_known_yet_is_undecided(control):
    for case in examples(control, "unknown"):
        outcome = case.outcome()
        assert outcome.undecided and outcome.violations == (), case


@by_control
def test_what_does_not_apply_says_why(control):
    for case in examples(control, "not_applicable"):
        assert case.outcome().not_applicable, case


@by_control
def test_every_type_that_a_control_judges_has_examples(control):
    wanted = WANTED.get(control.id, {"good", "bad", "unknown"})
    own = [case for case in CASES if case.control == control.id]
    for type_, check in control.checks.items():
        given = [case for case in own if canonical(case.type) == type_]
        verdicts = {case.verdict for case in given}
        if check.__doc__.startswith("Nothing: "):
            assert verdicts == {"not_applicable"}, type_
            continue
        if type_ in WRONG_BY_THEMSELVES:
            assert verdicts == {"bad"}, type_
            continue
        assert wanted - {"unknown"} <= verdicts, type_
        assert "unknown" not in wanted or any(has_unknown(case) for case in given), type_


def has_unknown(case):
    """Whether a value is not known yet: it leaves undecided what is asked, or counts where only presence is."""
    return case.verdict == "unknown" or (case.verdict == "good" and UNKNOWN_STRING_VALUE in str(case.export()))


def test_every_example_belongs_to_a_control_and_a_type():
    known = {(control.id, type_) for control in controls() for type_ in control.checks}
    assert {(case.control, canonical(case.type)) for case in CASES} <= known


def test_ids_are_unique():
    ids = [control.id for control in controls()]
    assert len(ids) == len(set(ids))


@by_control
def test_a_stricter_profile_is_never_more_lenient(control):
    strictness = ["disabled", "advisory", "mandatory", "remediate"]
    ranks = [strictness.index(getattr(control.levels, profile)) for profile in PROFILES]
    assert ranks == sorted(ranks)


@by_control
def test_every_check_says_which_input_it_reads(control):
    assert all(does.__doc__ for does in (*control.checks.values(), *control.rewrites.values()))
    assert control.title and control.remediation and control.frameworks


@by_control
def test_a_remediation_by_target_has_words_for_each_target_and_for_each_type_those_of_its_own(control):
    if isinstance(control.remediation, str):
        return
    assert {*control.remediation} == {*control.targets}
    assert {control.remedy(type_) for type_ in control.checks} == {*control.remediation.values()}
    assert all(words in control.remedy() for words in control.remediation.values())


@by_control
def test_every_parameter_says_what_it_is_and_has_a_default_of_its_type(control):
    for name, schema in control.parameters.items():
        assert schema["description"], name
        assert mismatch(schema["default"], schema) is None, name
        Draft7Validator.check_schema(schema)


@settings(max_examples=60, deadline=None)
@given(inputs=st.dictionaries(st.sampled_from(KEYS), JUNK), policy=POLICY)
def test_no_input_is_strange_enough_to_break_a_control(inputs, policy):
    for control in controls():
        for type_ in {check: type_ for type_, check in control.checks.items()}.values():
            stack = Stack([resource(other, policy) for other in NEIGHBOURS])
            control.evaluate(resource(type_, inputs, stack))


@pytest.mark.parametrize("type_", [DEPLOYMENT, *HARDENED["others"], *HARDENED["autoscalers"], *chain(*CLOUDS)])
def test_no_change_of_a_hardened_resource_breaks_a_control(type_):
    judging = [control for control in controls() if type_ in control.checks]
    stack = Stack([resource(other, written(hardened(other))) for other in around(type_)])
    whole = hardened(type_)
    for path in paths(whole):
        for value in NONSENSE:
            strange = resource(type_, written(changed(whole, path, value)), stack)
            for control in judging:
                control.evaluate(strange)


def test_what_was_found_before_an_unknown_value_counts():
    control = next(each for each in controls() if each.id == "SUP-01")
    containers = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}]
    outcome = control.evaluate(resource("kubernetes:core/v1:Pod", {"spec": {"containers": containers}}))
    assert outcome.violations == ("container a runs a:1, which is not pinned by digest",)
    assert outcome.undecided
