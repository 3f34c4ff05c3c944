import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelport.reports.comment import LIMIT, MARK, Section, comment
from modelport.reports.comparison import Judgement, Owner, compare_plans
from modelport.reports.markdown import code

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
SERVICE = "urn:pulumi:dev::shop::modelport:index:ModelService::fraud"
COMPONENT = "urn:pulumi:dev::shop::modelport:index:ModelService$modelport:local:Service::fraud-local"
SERVER = f"{COMPONENT}$modelport:local:Server::fraud-local-server"
UNCHECKED = Section("Not checked here", ("- the cloud",))


def plan(**servers):
    """The component, and what it has made."""
    rows = [
        {"urn": STACK, "type": "pulumi:pulumi:Stack"},
        {"urn": "urn:pulumi:dev::shop::pulumi:providers:aws::p", "type": "pulumi:providers:aws", "custom": True},
        {"urn": SERVICE, "type": "modelport:index:ModelService", "parent": STACK},
        {"urn": COMPONENT, "type": "modelport:local:Service", "parent": SERVICE},
    ]
    type_ = "modelport:local:Server"
    return rows + [
        {"urn": f"{COMPONENT}::{name}", "type": type_, "custom": True, "parent": COMPONENT, "inputs": inputs}
        for name, inputs in servers.items()
    ]


def judge(_old, _new, fields):
    return Judgement("replaces" if "host" in fields else "in place", "a test")


def compared(base, head):
    return [(each.name, each.kind, each.fields) for found in compare_plans(base, head, judge) for each in found.changes]


def test_a_plan_is_not_other_than_itself():
    assert compare_plans(plan(a={"host": "x"}), plan(a={"host": "x"}), judge) == []


def test_what_differs_is_named_by_its_path_and_judged():
    base = plan(a={"tags": {"owner": "a", "gone": 1}, "ports": [1, 2]}, b={"host": "x"}, gone={})
    head = plan(a={"tags": {"owner": "b"}, "ports": [1, 3]}, b={"host": "y"}, new={})
    assert sorted(compared(base, head)) == [
        ("a", "in place", ("ports[1]", "tags.gone", "tags.owner")),
        ("b", "replaces", ("host",)),
        ("gone", "delete", ()),
        ("new", "create", ()),
    ]


def test_changes_belong_to_the_service_and_target_of_the_components_around_them():
    [found] = compare_plans(plan(), plan(a={}), judge)
    assert found.owner == Owner("fraud", "local")
    assert found.is_new
    bucket = {"urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::b", "type": "aws:s3/bucket:Bucket", "custom": True}
    [of_stack] = compare_plans(plan(), [*plan(), bucket], judge)
    assert of_stack.owner == Owner("", "")


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=3), TREES, max_size=3), TREES)
def test_whatever_differs_is_found_and_nothing_else(inputs, other):
    changed = {**inputs, "x": other}
    base, head = plan(a={**inputs, "x": None}), plan(a=changed)
    assert bool(compared(base, head)) is ({**inputs, "x": None} != changed)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3000), max_size=60), max_size=6))
def test_a_comment_is_never_longer_than_the_platform_takes_and_ends_with_what_is_not_checked(sizes):
    sections = [Section(f"Part {number}", tuple("x" * each for each in part)) for number, part in enumerate(sizes)]
    text = comment("verdict", ["first"], sections, UNCHECKED)
    assert len(text) <= LIMIT + 500
    assert text.startswith(f"{MARK}\n**first**\n")
    assert text.endswith("#### Not checked here\n\n- the cloud\n\n")


def test_what_matters_most_is_kept_and_what_is_cut_is_counted():
    important, other = Section("First", ("- kept",)), Section("Last", ("y" * 30_000,) * 4)
    text = comment("verdict", [], [important, other], UNCHECKED)
    assert "- kept" in text
    assert "2 more: see summary.json." in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(("a`b", "`a'b`"), ("a\n\nb ", "`a b`"), ("", ""), (" ", ""), ("@team", "`@team`")),
        *(("a|b", "`a\\|b`"), ("a\\\\|b", "`a\\|b`"), ("a\u202eb", "`a b`"), ("<!-- x", "`<! -- x`")),
    ],
)
def test_text_of_others_is_code(text, shown):
    assert code(text) == shown
