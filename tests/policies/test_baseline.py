import re
from datetime import date

import pytest

from modelport_policies.baseline import accepted, extended
from modelport_policies.controls import catalogue
from modelport_policies.errors import PolicyError
from modelport_policies.review import review

TODAY = date(2026, 11, 21)
SERVER = "modelport:local:Server"
IDS = [control.id for control in catalogue()]
WORDS = {"owner": "vision", "ticket": "OPS-1", "reason": "it is mended next month"}
OURS = """\
# What the lab accepts
- rules:
  - NET-01            # the phones
  match: {name: 'phones'}
  owner: "vision"
  reason: the lab's phones reach it
  ticket: OPS-1
  created: 2026-11-01
  expires: 2026-12-31
# the end
"""
JSON = """[{"rules": ["NET-01"], "match": {"name": "phones"}, "owner": "vision", "ticket": "OPS-1",
"reason": "the lab's phones reach it", "created": "2026-11-01", "expires": "2026-12-31"}]"""


def reviewed(names, exemptions=None):
    urns = [f"urn:pulumi:dev::shop::{SERVER}::{name}" for name in names]
    rows = [{"type": SERVER, "urn": urn, "inputs": {"host": "0.0.0.0"}} for urn in urns]
    return review({"deployment": {"resources": rows}}, "regulated", exemptions=exemptions, today=TODAY)


def baseline(names, file):
    """Adds what is found to the file; how many entries that were."""
    entries = accepted(reviewed(names, file), IDS, TODAY, **WORDS)
    if entries:
        file.write_text(extended(file.read_bytes().decode() if file.exists() else "", entries), newline="")
    return len(entries)


def violated(names, file):
    return {each.urn.rpartition("::")[2] for each in reviewed(names, file).having("violated")}


NAMES = ["digits", "a[0]", "a*", "a?", "[!b]", "it's: a #name", "end ", "ünï"]


def test_what_is_found_is_accepted_and_nothing_else(tmp_path):
    file = tmp_path / "exemptions.yaml"
    assert baseline(NAMES, file) > 1
    assert violated([*NAMES, "a0", "ab", "b", "digits2"], file) == {"a0", "ab", "b", "digits2"}
    assert {each.state for each in reviewed(NAMES, file).exemptions} == {"active"}


def test_it_holds_for_ninety_days_and_says_which_control_it_accepts(tmp_path):
    file = tmp_path / "exemptions.yaml"
    baseline(["digits"], file)
    lines = file.read_text().splitlines()
    title = next(control.title for control in catalogue() if control.id == "NET-01")
    assert lines[:5] == [
        f"- rules: [NET-01]  # {title}",
        "  match:",
        "    urn:",
        f"    - urn:pulumi:dev::shop::{SERVER}::digits",
        "  owner: vision",
    ]
    assert "  created: 2026-11-21" in lines
    assert "  expires: 2027-02-19" in lines


def test_a_second_time_adds_only_what_is_new(tmp_path):
    file = tmp_path / "exemptions.yaml"
    controls = baseline(["digits"], file)
    assert baseline(["digits"], file) == 0
    text = file.read_text()
    assert baseline(["digits", "vision"], file) == controls
    assert file.read_text().startswith(text)
    assert violated(["digits", "vision"], file) == set()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        OURS,
        OURS.removesuffix("\n# the end\n"),
        "".join(f"   {line}\n" for line in OURS.splitlines()),
        OURS.replace("\n", "\r\n"),
        f"---\n{OURS}",
    ],
)
def test_what_the_file_says_stays_as_it_is_written(tmp_path, text):
    file = tmp_path / "exemptions.yaml"
    file.write_text(text, newline="")
    before = len(reviewed([], file).exemptions) or ("NET-01" in text)
    count = baseline(["digits", "phones"], file)
    assert file.read_bytes().decode().startswith(text)
    assert len(reviewed(["digits"], file).exemptions) == before + count
    assert violated(["digits", "phones"], file) == set()
    if "\r" in text:
        assert file.read_bytes().count(b"\n") == file.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(("text", "before"), [("[]\n", 0), (JSON, 1), (f"{OURS}...\n", 1)])
def test_a_form_to_which_nothing_can_be_added_is_written_anew(tmp_path, text, before):
    file = tmp_path / "exemptions.yaml"
    file.write_text(text)
    count = baseline(["digits", "phones"], file)
    assert len(reviewed(["digits"], file).exemptions) == before + count
    assert violated(["digits", "phones"], file) == set()
    assert len(re.findall("^- ", file.read_text(), re.MULTILINE)) == before + count


@pytest.mark.parametrize(("word", "text"), [("owner", " "), ("ticket", ""), ("reason", "because")])
def test_words_that_make_no_exemption_are_refused(word, text):
    with pytest.raises(PolicyError, match=f"{word}: string should have at least"):
        accepted(reviewed(["digits"]), IDS, TODAY, **{**WORDS, word: text})
