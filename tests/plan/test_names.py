import re

from hypothesis import given
from hypothesis import strategies as st

from modelport.plan import Names, unique_name
from modelport.targets import NAMES, load

SERVICE = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True).filter(lambda name: 3 <= len(name) <= 32)
STACK = st.text(min_size=1, max_size=100)
PART = st.one_of(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), st.text(max_size=60))
PARTS = st.tuples(SERVICE, STACK).flatmap(lambda first: st.lists(PART, max_size=3).map(lambda rest: (*first, *rest)))
LIMIT = st.sampled_from(sorted({load(name).name_length for name in NAMES}))


@given(PARTS, LIMIT)
def test_a_name_has_characters_that_every_platform_takes_and_is_short_enough(parts, limit):
    name = unique_name(*parts, max_length=limit)
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)
    assert 3 <= len(name) <= limit


@given(PARTS, PARTS, LIMIT)
def test_different_parts_never_get_the_same_name(one, other, limit):
    assert (unique_name(*one, max_length=limit) == unique_name(*other, max_length=limit)) == (one == other)


@given(st.lists(st.text("ab-", min_size=1, max_size=3), min_size=2, max_size=4), LIMIT)
def test_no_two_ways_to_cut_a_text_into_parts_get_the_same_name(parts, limit):
    joined = "-".join(["x", *parts])
    for cut in range(1, len(joined) - 1):
        other = (joined[:cut], joined[cut + 1 :])
        if other != ("x", *parts):
            assert unique_name(*other, max_length=limit) != unique_name("x", *parts, max_length=limit)


def test_long_parts_that_differ_at_the_end_get_different_names():
    stack = "s" * 40
    names = [unique_name("fraud", stack, part, max_length=32) for part in ("endpoint-1", "endpoint-2")]
    assert names[0] != names[1]
    assert all(name.startswith("fraud-ssss") and len(name) == 32 for name in names)


def test_a_short_name_is_plain():
    assert Names("fraud", "dev", 63).of("endpoint") == "fraud-dev-endpoint"


def test_what_looks_like_a_hash_is_hashed():
    hashed = unique_name("a-b", "c", max_length=63)
    assert unique_name(*hashed.split("-"), max_length=63) != hashed


def test_a_kind_of_resource_may_have_a_limit_of_its_own():
    assert len(Names("fraud", "production", 63).of("encryption", max_length=20)) <= 20
