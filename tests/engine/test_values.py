from hypothesis import given
from hypothesis import strategies as st

from modelport_engine.protocol.values import (
    RESOURCE,
    SIGNATURE_KEY,
    UNKNOWN,
    UNKNOWN_SENTINELS,
    Output,
    Secret,
    contains_secret,
    contains_unknown,
    from_state,
    from_struct,
    hide_secrets,
    restore_secrets,
    show,
    strip_secrets,
    to_state,
    to_struct,
)

scalars = st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**53), 2**53) | st.text()
leaves = scalars | st.just(UNKNOWN)
plain = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
secrets = st.builds(Secret, plain)
values = st.recursive(leaves | secrets, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
outputs = st.builds(Output, plain, st.booleans(), st.lists(st.text(), max_size=2).map(tuple))
properties = st.dictionaries(st.text(), values | outputs)


@given(properties)
def test_every_value_survives_the_wire(sent):
    assert from_struct(to_struct(sent, outputs=True)) == sent


@given(st.dictionaries(st.text(), values))
def test_every_value_survives_state(written):
    assert from_state(to_state(written, show), decrypt=lambda _: "") == written


@given(properties)
def test_a_peer_without_secrets_and_outputs_gets_the_values_inside(sent):
    assert from_struct(to_struct(sent, secrets=False)) == strip_secrets(sent)


def test_a_peer_without_outputs_still_learns_what_is_secret():
    sent = {"password": Output("hunter2", secret=True, dependencies=("urn",)), "later": Output()}
    assert from_struct(to_struct(sent)) == {"password": Secret("hunter2"), "later": UNKNOWN}


def test_a_peer_without_resource_references_gets_the_id_or_the_urn():
    a, b = "urn:pulumi:dev::demo::t:i:A::a", "urn:pulumi:dev::demo::t:i:B::b"
    custom = {SIGNATURE_KEY: RESOURCE, "urn": a, "id": "a-1", "packageVersion": ""}
    component = {SIGNATURE_KEY: RESOURCE, "urn": b, "packageVersion": "1.2.3"}
    sent = {"refs": [custom, component]}
    assert from_struct(to_struct(sent, resources=False)) == {"refs": ["a-1", b]}
    assert from_struct(to_struct(sent)) == sent
    assert to_struct(sent)["refs"][0]["name"] == "a"


def test_unknowns_of_every_type_are_unknown():
    assert all(from_struct(to_struct({"a": [sentinel]})) == {"a": [UNKNOWN]} for sentinel in UNKNOWN_SENTINELS)


def test_whole_numbers_are_written_as_pulumi_writes_them():
    assert repr(to_state([5.0, 2.5, 1e20, -0.0], show)) == "[5, 2.5, 100000000000000000000, 0]"


def test_a_secret_shows_neither_in_events_nor_in_a_representation():
    held = {"a": [Secret("hunter2")], "b": Output("hunter2", secret=True)}
    assert "hunter2" not in repr(held)
    assert "hunter2" not in str(hide_secrets(held))


def test_parts_are_found_at_any_depth():
    deep = {"a": [{"b": Secret([UNKNOWN])}]}
    assert contains_unknown(deep)
    assert contains_secret(deep)
    assert contains_secret(Output(1, secret=True))
    assert not contains_secret({"a": [1, "x", {}]})
    assert not contains_unknown(Output(1))


def test_answers_of_a_peer_without_secrets_become_secret_where_the_question_was():
    asked = {"name": "n", "login": {"user": "u", "password": Secret("p")}, "keys": [Secret("k"), "open"]}
    answer = {"name": "n", "login": {"user": "u", "password": "p"}, "keys": ["k", "open", "more"], "added": 1}
    assert restore_secrets(answer, asked) == {
        "name": "n",
        "login": {"user": "u", "password": Secret("p")},
        "keys": [Secret("k"), "open", "more"],
        "added": 1,
    }
