from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modelport_policies.register import read_register
from modelport_policies.resource import Resource, canonical

TODAY = date(2026, 11, 21)
GOOD = """\
- rules: [NET-01]
  match: {urn: "*::modelport:local:Server::digits"}
  owner: vision@example.com
  reason: the lab's phones reach it
  ticket: OPS-1
  created: 2026-11-01
  expires: 2026-12-31
"""
MATCH = '{urn: "*::modelport:local:Server::digits"}'


def resource(name="digits", type_="modelport:local:Server", stack="dev"):
    urn = f"urn:pulumi:{stack}::shop::{type_}::{name}"
    return Resource(canonical(type_.rpartition("$")[2]), name, urn, {})


SERVER = resource()


@pytest.fixture
def register(tmp_path):
    def read(text):
        file = tmp_path / "exemptions.yaml"
        file.write_text(text)
        return read_register(file, ["NET-01", "SUP-07", "GOV-12"], TODAY)

    return read


def without(field):
    kept = [line for line in GOOD[2:].splitlines() if not line.strip().startswith(f"{field}:")]
    return "- " + "\n  ".join(line.strip() for line in kept) + "\n"


def test_an_exemption_covers_its_controls_on_its_resources_only(register):
    read = register(GOOD.replace("[NET-01]", "[NET-01, SUP-07]"))
    assert read.problems == ()
    assert (
        str(read.covering("NET-01", SERVER))
        == "exempt until 2026-12-31 by vision@example.com (OPS-1): the lab's phones reach it"
    )
    assert read.covering("SUP-07", SERVER)
    assert read.covering("GOV-12", SERVER) is None
    assert read.covering("NET-01", resource("vision")) is None


BUCKET = resource("models", "modelport:sagemaker:Service$aws:s3/bucketV2:BucketV2")


@pytest.mark.parametrize(
    ("match", "about", "covers"),
    [
        ("{urn: 'urn:pulumi:dev::*'}", SERVER, True),
        ("{urn: ['urn:pulumi:prod::*', '*::digits']}", SERVER, True),
        ("{urn: digits}", SERVER, False),
        ("{type: modelport:local:*}", SERVER, True),
        ("{type: 'aws:s3/bucketV2:BucketV2'}", BUCKET, True),
        ("{type: 'aws:s3/bucket:Bucket'}", BUCKET, True),
        ("{type: '*Service'}", BUCKET, False),
        ("{name: dig*}", SERVER, True),
        ("{name: 'Dig*'}", SERVER, False),
        ("{name: server}", SERVER, False),
        ("{name: 'a::b'}", resource("a::b"), True),
        ("{stack: dev}", SERVER, True),
        ("{stack: d}", SERVER, False),
        ("{name: 'dig[[]0]*'}", resource("dig[0]*"), True),
        ("{name: digits, stack: dev}", SERVER, True),
        ("{name: digits, stack: prod}", SERVER, False),
        ("{name: digits, type: 'aws:*'}", SERVER, False),
        ("{stack: dev}", Resource("a", "a", "no urn at all", {}), False),
    ],
)
def test_all_that_an_exemption_matches_by_must_match(register, match, about, covers):
    read = register(GOOD.replace(MATCH, match))
    assert read.problems == ()
    assert (read.covering("NET-01", about) is not None) is covers


def test_of_two_exemptions_of_the_same_the_first_holds(register):
    read = register(GOOD + GOOD.replace("OPS-1", "OPS-2"))
    assert read.problems == ()
    assert read.covering("NET-01", SERVER).ticket == "OPS-1"


def test_an_exemption_says_what_protects_in_the_meantime(register):
    read = register(GOOD + "  id: phones\n  compensatingControl: the lab's own network\n")
    assert str(read.covering("NET-01", SERVER)).endswith("reach it; in the meantime: the lab's own network")
    assert [each.entry.exemption.id for each in read.standing([SERVER])] == ["phones"]


def test_an_exemption_holds_on_its_last_day_and_not_on_the_next(register):
    assert register(GOOD.replace("2026-12-31", "2026-11-21")).covering("NET-01", SERVER)
    expired = register(GOOD.replace("2026-12-31", "2026-11-20"))
    assert expired.covering("NET-01", SERVER) is None
    assert "exemptions.yaml:7  expires: 2026-11-20 has passed" in expired.problems[0]
    assert [each.expired for each in expired.entries] == [True]


@pytest.mark.parametrize("field", ["rules", "match", "owner", "reason", "ticket", "created", "expires"])
def test_an_exemption_without_a_field_exempts_nothing(register, field):
    read = register(without(field))
    assert [each.exemption for each in read.entries] == [None]
    assert [problem.split("exemptions.yaml")[1] for problem in read.problems] == [f":1  {field}: field required"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (GOOD.replace("NET-01", "NET-02"), ":1  rules.0: NET-02 is no control. Did you mean NET-01?"),
        (
            GOOD.replace("[NET-01]", "\n  - NET-01\n  - sup-07"),
            ":3  rules.1: sup-07 is no control. Did you mean SUP-07",
        ),
        (GOOD.replace("NET-01", "GOV-12"), ":1  rules.0: GOV-12 is about the exemptions, and has none"),
        (GOOD.replace("[NET-01]", "NET-01"), ":1  rules: input should be a valid list"),
        (GOOD.replace("[NET-01]", "[]"), ":1  rules: list should have at least 1 item"),
        (GOOD.replace(MATCH, "{}"), ":2  match: give at least one of urn, type, name and stack"),
        (GOOD.replace(MATCH, "\n    name:"), ":3  match.name: value should have at least 1 item"),
        (GOOD.replace(MATCH, "{nam: a}"), ":2  match.nam: extra inputs are not permitted"),
        (GOOD.replace("vision@example.com", "' '"), ":3  owner: string should have at least 1 character"),
        (GOOD.replace("the lab's phones reach it", "because"), ":4  reason: string should have at least 10 characters"),
        (GOOD.replace("2026-11-01", "2026-11-22"), ":6  created: 2026-11-22 is in the future"),
        (GOOD.replace("2026-12-31", "2026-10-31"), ":7  expires: 2026-10-31 is before created"),
        (GOOD.replace("2026-12-31", "2027-11-03"), ":7  expires: 2027-11-03 is more than 366 days after created"),
        (GOOD.replace("2026-12-31", "soon"), ":7  expires: input should be a valid date"),
        (GOOD.replace("2026-12-31", "2026-13-31"), "cannot be read: month must be in 1..12"),
        (GOOD + "  severity: low\n", ":8  severity: extra inputs are not permitted"),
        (GOOD + "  control: NET-01\n", ":8  control: write `rules: [ID]` in its place"),
        (GOOD + "  urn: '*'\n", ":8  urn: write `match: {urn: GLOB}` in its place"),
        ("- NET-01\n", ":1  entry: input should be a valid dictionary"),
        ("- entry\n", ":1  entry: input should be a valid dictionary"),
        ("- 3: 4\n", ":1  "),
        ("- &a {owner: b}\n- <<: *a\n  created: c\n", ":3  created: input should be a valid date"),
        ("rules: NET-01\n", ":1  is not a list of exemptions"),
        (GOOD + "  owner: again\n", "cannot be read: found duplicate key"),
        ("- rules: [\n", ":2  cannot be read"),
        ("[" * 9000, "cannot be read"),
        ("- !!float #{26", "cannot be read: string index out of range"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_wrong_exemption_is_a_problem_with_its_line(register, wrong, where):
    read = register(wrong)
    assert read.covering("NET-01", SERVER) is None
    assert any(where in problem for problem in read.problems), read.problems
    assert all("\n" not in problem for problem in read.problems)
    assert not any(each.expired for each in read.entries)


WORDS = some.sampled_from(
    [*GOOD, "- ", "\n", "? ", "!!binary ", "!!float ", "!!timestamp ", "&a ", "*a", "<<: ", "---", "%"]
)


@given(some.lists(WORDS, max_size=8), some.integers(0, len(GOOD)))
def test_a_file_of_whatever_text_exempts_only_what_it_says_or_is_a_problem(tmp_path_factory, words, place):
    file = tmp_path_factory.mktemp("any") / "exemptions.yaml"
    file.write_text(GOOD[:place] + "".join(words) + GOOD[place:])
    read = read_register(file, ["NET-01"], TODAY)
    assert all(each.problems or each.exemption for each in read.entries)


def test_a_wrong_exemption_leaves_the_others_in_force(register):
    read = register(GOOD + GOOD.replace("NET-01", "NET-99"))
    assert read.covering("NET-01", SERVER)
    assert len(read.problems) == 1
    assert "exemptions.yaml:8  rules.0: NET-99 is no control" in read.problems[0]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_a_file_without_entries_exempts_nothing(register, text):
    assert register(text) == read_register(None, [], TODAY)


def test_a_file_that_is_not_there_exempts_nothing(tmp_path):
    assert read_register(tmp_path / "none.yaml", [], TODAY).problems == ()


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    assert "cannot be read" in read_register(tmp_path, [], TODAY).problems[0]
