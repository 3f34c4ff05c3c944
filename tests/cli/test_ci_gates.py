from itertools import combinations

import pytest

from modelport.cli.ci.gates import CODES, DEFAULTS, exit_code, read_gates
from modelport.cli.errors import UsageError

FAILING = {gate for gate, answer in DEFAULTS.items() if answer == "fail"}


def gates(folder, text):
    (folder / "policies").mkdir()
    (folder / "policies" / "gates.yaml").write_text(text)
    return read_gates(folder)


def test_without_a_file_the_gates_are_the_defaults(tmp_path):
    assert read_gates(tmp_path) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "other"), [("", {}), ("breaking: fail\nwrong: report\n", {"breaking": "fail", "wrong": "report"})]
)
def test_a_file_changes_what_it_names_and_nothing_else(tmp_path, text, other):
    assert gates(tmp_path, text) == {**DEFAULTS, **other}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("breakin: fail", "Did you mean breaking?"),
        ("breaking: yes", "allowed: fail, report"),
        ("breaking: [fail]", "allowed: fail, report"),
        ("1: fail", "no such gate"),
        ("- breaking", "GATE: fail or report"),
        ("breaking", "GATE: fail or report"),
        ("breaking: {", "GATE: fail or report"),
    ],
)
def test_a_wrong_file_says_what_is_allowed(tmp_path, text, said):
    with pytest.raises(UsageError) as caught:
        gates(tmp_path, text)
    assert said in str(caught.value)
    assert "gates.yaml" in str(caught.value)


def test_what_only_reports_never_fails():
    assert exit_code(DEFAULTS, set(DEFAULTS) - FAILING) == 0


@pytest.mark.parametrize("found", [{*pair} for pair in combinations(sorted(FAILING), 2)], ids=sorted)
def test_of_two_gates_that_fail_the_one_that_comes_first_says_the_code(found):
    order = [CODES[gate] for gate in ("wrong", "refused", "violation")]
    codes = [code for code in order if code in {CODES.get(gate) for gate in found}]
    assert exit_code(DEFAULTS, found) == (codes[0] if codes else 1)
