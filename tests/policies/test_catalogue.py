"""The controls against the catalogue of what is wanted."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.policy_cases import cases, controls

ROWS = YAML(typ="safe").load(Path(__file__).parent / "catalogue.yaml")
SOURCES = YAML(typ="safe").load(Path(__file__).parent / "sources.yaml")
WAIVED = SOURCES.pop("waived")
COVERED = {check for case in cases() if case.verdict == "bad" for check in case.covers}
BUILT = {control.id: control for control in controls()}


def test_every_control_is_a_row_of_the_catalogue_and_every_row_a_control():
    assert set(BUILT) == set(ROWS)
    assert (len(ROWS), sum(len(row["targets"]) for row in ROWS.values())) == (115, 291)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_judged_on_each_of_its_targets(row):
    assert {*ROWS[row]["targets"]} <= {*BUILT[row].targets}


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
    assert not mapped(source) - COVERED - {*WAIVED}


def test_examples_cover_and_reasons_waive_what_a_row_answers_for_and_each_is_done_once():
    known = set().union(*map(mapped, SOURCES))
    assert {*COVERED, *WAIVED} <= known
    assert not COVERED & {*WAIVED}
    assert {row for rows in SOURCES.values() for row in rows} <= set(ROWS)


def mapped(source):
    """The checks of a source that rows answer for."""
    return {check for checks in SOURCES[source].values() for check in checks}
