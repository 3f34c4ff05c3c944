"""The controls against the catalogue of what is wanted."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.policy_cases import cases, controls

ROWS = YAML(typ="safe").load(Path(__file__).parent / "catalogue.yaml")
SOURCES = YAML(typ="safe").load(Path(__file__).parent / "sources.yaml")
WAIVED = SOURCES.pop("waived")
COVERED = {check for case in cases() if case.verdict == "bad" for check in case.covers}
NOT_YET = {
    "checkov": 1,
    "securityHub": 9,
    "azurePolicy": 66,
    "googlePolicy": 4,
}
"""How many checks of each source have no bad example yet: what gets one is taken off its number."""
BUILT = {control.id: control for control in controls()}
MOST_MISSING = 3
"""Never more than now: a control that is built is taken off the list of its row."""


def test_every_control_is_a_row_of_the_catalogue():
    assert set(BUILT) <= set(ROWS)
    assert len(ROWS) == 115


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_missing_where_no_control_judges_a_target_and_nowhere_else(row):
    built = BUILT[row].targets if row in BUILT else ()
    assert ROWS[row]["missing"] == [target for target in ROWS[row]["targets"] if target not in built]


def test_what_is_missing_becomes_less():
    assert sum(len(row["missing"]) for row in ROWS.values()) <= MOST_MISSING


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_a_control_is_as_severe_as_its_row(control):
    assert control.severity == ROWS[control.id]["severity"]


@pytest.mark.parametrize("control", controls(), ids=lambda each: each.id)
def test_a_control_has_the_level_of_its_row_be_it_that_of_the_policy_that_rewrites_in_its_place(control):
    level = ROWS[control.id]["level"]
    assert control.policies[control.rewriter or control.id].standard == level


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_what_serves_europes_law_on_personal_data_serves_californias(control):
    laws = {framework.partition(" ")[0] for framework in control.frameworks if not framework.startswith("GDPR 44")}
    assert ("GDPR" in laws) == ("CCPA" in laws)


@pytest.mark.parametrize("source", SOURCES)
def test_every_check_of_others_that_a_row_answers_for_has_a_bad_example(source):
    missing = mapped(source) - COVERED - {*WAIVED}
    assert len(missing) == NOT_YET.get(source, 0), sorted(missing)


def test_examples_cover_and_reasons_waive_what_a_row_answers_for_and_each_is_done_once():
    known = set().union(*map(mapped, SOURCES))
    assert {*COVERED, *WAIVED} <= known
    assert not COVERED & {*WAIVED}
    assert {row for rows in SOURCES.values() for row in rows} <= set(ROWS)


def mapped(source):
    """The checks of a source that rows answer for."""
    return {check for checks in SOURCES[source].values() for check in checks}
