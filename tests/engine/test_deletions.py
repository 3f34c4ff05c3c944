"""The order of deletes."""

from modelport_engine.state.resource import Resource
from modelport_engine.update.deletions import layers
from modelport_engine.update.steps import Op, Step


def order(*state):
    """The names by layer, of all that is in a state."""
    steps = [Step(Op.DELETE, resource) for resource in reversed(state)]
    return [{step.resource.id or step.resource.urn for step in layer} for layer in layers(steps)]


def entry(urn, *dependencies, **fields):
    return Resource(urn=urn, custom=True, type="t", dependencies=list(dependencies), **fields)


def test_what_needs_something_goes_before_it():
    assert order(entry("a"), entry("b", "a"), entry("c", "b"), entry("d")) == [{"c"}, {"b"}, {"a", "d"}]


def test_a_component_stands_for_what_is_inside():
    inside = entry("inside", parent="component")

    assert order(entry("component"), inside, entry("user", "component")) == [{"user"}, {"inside"}, {"component"}]


def test_old_objects_that_needed_each_other_the_other_way_round_go_in_the_order_of_their_time():
    new = [entry("a", id="new a"), entry("b", "a", id="new b")]
    old = [entry("b", id="old b", delete=True), entry("a", "b", id="old a", delete=True)]

    assert order(*new, *old) == [{"old a"}, {"new b"}, {"new a", "old b"}]
