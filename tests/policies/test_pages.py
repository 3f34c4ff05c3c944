"""The generated pages: one per control, and none that nothing makes."""

import runpy
from pathlib import Path

import pytest
from support.policy_cases import controls

from modelport_policies.page import control_page, page

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("control", controls(), ids=lambda control: control.id)
def test_a_page_says_all_that_its_control_reads_takes_and_serves(control):
    text = control_page(control)
    rewriting = [does.__doc__ for does in control.rewrites.values()]
    said = [*control.checks, *control.policies, *control.parameters, *control.frameworks, *control.targets]
    assert not [each for each in said if each not in text]
    assert not [each for each in rewriting if " ".join(each.split()) not in text]
    assert (f"rules: [{control.id}]" in text) is (control.id != "GOV-12")


def test_the_entry_leads_to_every_page_and_every_page_back():
    assert not [each.id for each in controls() if f"(policies/{each.id}.md)" not in page()]
    assert all((ROOT / "docs/policies" / f"{each.id}.md").is_file() for each in controls())
    assert all("(../policies.md)" in control_page(each) for each in controls())


def test_a_page_that_nothing_makes_is_superfluous(tmp_path):
    made = runpy.run_path(str(ROOT / "scripts/generate.py"))
    assert made["superfluous"]() == []
    stray = tmp_path / "docs/policies/OLD-01.md"
    stray.parent.mkdir(parents=True)
    stray.touch()
    made["superfluous"].__globals__["ROOT"] = tmp_path
    assert made["superfluous"]() == [stray]
