"""What goes with a resource that is deleted: its dependents before it, and what is deleted with it."""

import asyncio

import pytest

from modelport_engine.plugins.provider import NO_DIFFERENCE, Difference
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN
from modelport_engine.state.resource import Resource
from modelport_engine.update.generator import Generator
from modelport_engine.update.goals import Goal
from modelport_engine.update.replacements import dependents_to_replace
from modelport_engine.update.steps import Op


class Cloud:
    """Providers and provider in one: `bind` forces a replacement when it changes, as `root` does before creation."""

    async def of(self, resource):
        return self

    async def moved(self, old, new):
        return False

    async def check(self, urn, olds, news, seed):
        return news

    async def diff(self, urn, id, old_inputs, old_outputs, news, ignore_changes=()):
        changes = tuple(key for key, value in news.items() if old_inputs.get(key) != value)
        replaces = tuple(key for key in changes if key in ("bind", "root"))
        return Difference(bool(changes), replaces, changes, delete_before_replace=True) if changes else NO_DIFFERENCE

    async def judge(self, resource, goal):
        return resource.inputs


def urn(name):
    return Urn(f"urn:pulumi:dev::demo::sim:index:Bucket::{name}")


def entry(name, **fields):
    return Resource(urn=urn(name), custom=True, type="sim:index:Bucket", **{"id": f"{name}-id"} | fields)


def depending(name, key, on, **fields):
    return entry(name, inputs={key: "x"}, property_dependencies={key: [urn(on)]}, **fields)


def goal(name, **inputs):
    return Goal(urn=urn(name), custom=True, inputs=inputs)


def goes_with(root, *others, registered=()):
    found = asyncio.run(dependents_to_replace(root, [root, *others], Cloud(), registered))
    return [(Urn(each.urn).name, keys) for each, keys in found]


def test_what_would_be_replaced_for_an_unknown_property_goes_with_the_root_the_last_made_first():
    olds = [depending("a", "bind", "root"), depending("b", "bind", "a"), depending("c", "link", "root")]

    assert goes_with(entry("root"), *olds) == [("b", ("bind",)), ("a", ("bind",))]
    assert UNKNOWN not in olds[0].inputs.values()


def test_a_change_that_forces_a_replacement_by_option_does_so_here_too():
    assert goes_with(entry("root"), depending("a", "link", "root", replace_on_changes=["link"])) == [("a", ("link",))]


def test_what_is_deleted_with_the_root_or_served_by_it_goes_whatever_its_properties_are():
    inside = entry("a", deleted_with=urn("root"))
    served = entry("b", provider=f"{urn('root')}::1")

    assert goes_with(entry("root"), inside, served) == [("b", ()), ("a", ())]


def test_what_was_registered_or_is_not_ours_stays():
    registered, external = depending("a", "bind", "root"), depending("b", "bind", "root", external=True)

    assert goes_with(entry("root"), registered, external, registered={urn("a")}) == []


@pytest.fixture
def generated():
    """The steps of goals, one after the other, and of what is left over."""

    def generate(base, *goals):
        async def work():
            generator = Generator(base, Cloud(), Cloud())
            steps = [step for each in goals for step in await generator.steps(each)]
            left = generator.leftovers(base)
            for step in left:
                step.provider = await generator.deleter(step.resource)
            return steps, left

        return asyncio.run(work())

    return generate


def shown(steps):
    return [(step.op, step.resource.id or Urn(step.resource.urn).name) for step in steps]


def test_what_waits_for_its_deletion_goes_before_what_it_is_bound_to_and_once(generated):
    waiting = depending("a", "bind", "root", delete=True, id="old a")
    base = [entry("root", inputs={"root": 1}), entry("a", id="new a"), waiting]

    steps, left = generated(base, goal("root", root=2), goal("a"))

    assert shown(steps)[:2] == [(Op.DELETE_REPLACED, "old a"), (Op.DELETE_REPLACED, "root-id")]
    assert left == []


def test_what_is_wanted_again_before_it_was_deleted_is_taken_back(generated):
    first, second = entry("a", inputs={"bind": 1}, id="first", delete=True), entry("a", inputs={"bind": 2}, id="second")

    (step,), left = generated([second, first], goal("a", bind=1))

    assert (step.op, step.old, step.resource.id, step.resource.delete) == (Op.UPDATE, first, "first", False)
    assert shown(left) == [(Op.DELETE_REPLACED, "second")]
    assert step.retired == (second, left[0].old)
    assert step.retired[1] is left[0].old, "state knows entries by identity"


def test_what_was_replaced_and_is_not_wanted_again_goes_with_its_successor(generated):
    first, second = entry("a", inputs={"bind": 1}, id="first", delete=True), entry("a", inputs={"bind": 2}, id="second")

    _, left = generated([second, first], goal("a", bind=3))

    assert {each.resource.id for each in left} >= {"first"}


def test_what_was_deleted_with_the_root_is_made_again(generated):
    inside = entry("a", deleted_with=urn("root"))
    base = [entry("root", inputs={"root": 1}), inside]

    steps, _ = generated(base, goal("root", root=2), goal("a"))

    assert shown(steps)[-1] == (Op.CREATE_REPLACEMENT, "a")
    assert (Op.DELETE_REPLACED, "a-id") in shown(steps)


def test_an_object_that_was_replaced_before_does_not_take_along_what_goes_with_its_successor(generated):
    container = [entry("c"), entry("a", deleted_with=urn("c")), entry("c", delete=True, id="old c")]

    _, left = generated(container, goal("c"))

    assert shown(left) == [(Op.DELETE_REPLACED, "old c"), (Op.DELETE, "a-id")]
    assert all(step.provider for step in left)
