from pathlib import Path

import pytest

from modelport_policies.rules import own_controls
from modelport_policies.testing import UNKNOWN, Given, judged

[TEAM] = own_controls(Path(__file__).with_name("rules.py"))


def deployment(**labels):
    return Given("kubernetes:apps/v1:Deployment", {"metadata": {"labels": labels}})


def test_a_deployment_of_a_team_passes():
    assert judged(TEAM, deployment(team="vision")).violations == ()


@pytest.mark.parametrize("labels", [{}, {"team": "nobody"}])
def test_a_deployment_of_no_team_is_found(labels):
    assert len(judged(TEAM, deployment(**labels)).violations) == 1


def test_a_parameter_says_which_teams_there_are():
    assert judged(TEAM, deployment(team="vision"), parameters={"teams": ["fraud"]}).violations


def test_a_team_that_is_not_known_yet_is_undecided():
    assert judged(TEAM, deployment(team=UNKNOWN)).undecided
