"""No value of a stack can go or change without a control that notices, but for those of `unnoticed.yaml`."""

from collections import Counter

import pytest
from support.hardened import POLICIES, read
from support.mutants import World, mutants, worlds
from support.references import row

import modelport_policies

REASONS = read(POLICIES / "unnoticed.yaml")
BUCKET = "aws:s3/bucket:Bucket"


@pytest.fixture(scope="module")
def stacks():
    return list(worlds())


def test_what_no_control_notices_has_a_reason(stacks):
    found = {str(mutant) for world in stacks for mutant in world.unnoticed()}
    listed = [f"{type_} {each}" for types in REASONS.values() for type_, changes in types.items() for each in changes]
    new, old = sorted(found - {*listed}), sorted({*listed} - found)
    assert not new, "nothing notices these: have a control judge them, or say in tests/policies/unnoticed.yaml why not"
    assert not old, "these are noticed, or are there no more: take them off tests/policies/unnoticed.yaml"
    assert len(listed) == len({*listed}), "one reason for each"


def test_a_mutant_is_noticed_where_the_whole_pack_finds_more(stacks):
    for world in stacks:
        every = [
            (place, each) for place, (type_, inputs) in enumerate(world.resources) for each in mutants(type_, inputs)
        ]
        found = findings(world.rows)
        for place, mutant in every[:: len(every) // 4]:
            rows = [*world.rows]
            rows[place] = row(mutant.type, rows[place]["urn"], mutant.inputs, world.first)
            assert world.is_noticed(mutant, place) == bool(findings(rows) - found), mutant


def findings(rows):
    report = modelport_policies.check({"deployment": {"resources": rows}}, "regulated")
    return Counter((each["rule"], each["urn"]) for each in report["violations"])


def test_every_value_of_a_resource_is_taken_away_once_and_changed_to_each_other_that_it_may_have():
    inputs = {
        "tags": {"owner": "vision"},
        "policy": {"json": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}}]}},
        "forceDestroy": False,
        "cidrBlocks": ["10.0.0.0/8"],
    }
    assert [each.change for each in mutants(BUCKET, inputs)] == [
        "tags.owner",
        "policy.Statement[].Effect",
        "policy.Statement[].Effect=Deny",
        "policy.Statement[].Principal.AWS",
        "policy.Statement[].Principal.AWS=*",
        "forceDestroy",
        "forceDestroy=true",
        "cidrBlocks[]",
        "cidrBlocks[]=0.0.0.0/0",
    ]
    gone, *_, opened = mutants(BUCKET, inputs)
    assert gone.inputs == {**inputs, "tags": {}}
    assert opened.inputs == {**inputs, "cidrBlocks": ["0.0.0.0/0"]}


def test_a_value_that_words_do_not_know_is_refused():
    with pytest.raises(AssertionError, match="'Sometimes' is not among the words"):
        list(mutants(BUCKET, {"policy": {"json": {"Statement": [{"Effect": "Sometimes"}]}}}))


def test_a_stack_is_whole_again_after_a_mutant():
    world = World([(BUCKET, {"bucket": "digits", "tags": {"owner": "vision"}})])
    before = world.stack[0].inputs
    assert list(world.unnoticed())
    assert world.stack[0].inputs == before
