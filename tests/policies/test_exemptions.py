from datetime import date

import pytest

from modelport_policies.register import read_register

TODAY = date(2026, 11, 21)
SERVER = "urn:pulumi:dev::shop::modelport:local:Server::digits"
GOOD = """\
- control: NET-01
  urn: "*::modelport:local:Server::digits"
  owner: vision@example.com
  reason: the lab's phones reach it
  expires: 2026-12-31
"""


@pytest.fixture
def register(tmp_path):
    def read(text):
        file = tmp_path / "exemptions.yaml"
        file.write_text(text)
        return read_register(file, ["NET-01", "SUP-07"], TODAY)

    return read


def without(field):
    kept = [line for line in GOOD[2:].splitlines() if not line.strip().startswith(f"{field}:")]
    return "- " + "\n  ".join(line.strip() for line in kept) + "\n"


def test_an_exemption_covers_its_control_on_its_resources_only(register):
    read = register(GOOD)
    assert read.problems == ()
    assert (
        str(read.covering("NET-01", SERVER))
        == "exempt until 2026-12-31 by vision@example.com: the lab's phones reach it"
    )
    assert read.covering("SUP-07", SERVER) is None
    assert read.covering("NET-01", SERVER.replace("digits", "vision")) is None


def test_an_exemption_holds_on_its_last_day_and_not_on_the_next(register):
    assert register(GOOD.replace("2026-12-31", "2026-11-21")).covering("NET-01", SERVER)
    expired = register(GOOD.replace("2026-12-31", "2026-11-20"))
    assert expired.covering("NET-01", SERVER) is None
    assert "exemptions.yaml:5  expires: 2026-11-20 has passed" in expired.problems[0]


@pytest.mark.parametrize("field", ["control", "urn", "owner", "reason", "expires"])
def test_an_exemption_without_a_field_exempts_nothing(register, field):
    read = register(without(field))
    assert read.exemptions == ()
    assert [problem.split("exemptions.yaml")[1] for problem in read.problems] == [f":1  {field}: field required"]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (GOOD.replace("NET-01", "NET-99"), ":1  control: NET-99 is no control"),
        (GOOD.replace("vision@example.com", "' '"), ":3  owner: string should have at least 1 character"),
        (GOOD.replace("the lab's phones reach it", "because"), ":4  reason: string should have at least 10 characters"),
        (GOOD.replace("2026-12-31", "2027-12-31"), ":5  expires: 2027-12-31 is more than 366 days away"),
        (GOOD.replace("2026-12-31", "soon"), ":5  expires: input should be a valid date"),
        (GOOD.replace("2026-12-31", "2026-13-31"), "cannot be read: month must be in 1..12"),
        (GOOD + "  ticket: OPS-1\n", ":6  ticket: extra inputs are not permitted"),
        ("- NET-01\n", ":1  entry: input should be a valid dictionary"),
        ("- 3: 4\n", ":1  "),
        ("control: NET-01\n", ":1  is not a list of exemptions"),
        (GOOD + "  owner: again\n", "cannot be read: found duplicate key"),
        ("- control: [\n", ":2  cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_a_wrong_exemption_is_a_problem_with_its_line(register, wrong, where):
    read = register(wrong)
    assert read.exemptions == ()
    assert any(where in problem for problem in read.problems), read.problems
    assert all("\n" not in problem for problem in read.problems)


def test_a_wrong_exemption_leaves_the_others_in_force(register):
    read = register(GOOD + GOOD.replace("NET-01", "NET-99"))
    assert read.covering("NET-01", SERVER)
    assert len(read.problems) == 1
    assert "exemptions.yaml:6  control" in read.problems[0]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_a_file_without_entries_exempts_nothing(register, text):
    assert register(text) == read_register(None, [], TODAY)


def test_a_file_that_is_not_there_exempts_nothing(tmp_path):
    assert read_register(tmp_path / "none.yaml", [], TODAY).problems == ()


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    assert "cannot be read" in read_register(tmp_path, [], TODAY).problems[0]
