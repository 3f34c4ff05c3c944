"""The mutations follow the engine; `run.py` beside this shows that each is noticed."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mutations import ENGINE, MUTATIONS

sys.path.pop(0)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.breaks.replace(" ", "-"))
def test_a_mutation_changes_one_place_and_is_python(mutation):
    text = mutation.applied()

    compile(text, mutation.file, "exec")
    assert text != (ENGINE / mutation.file).read_text(encoding="utf-8")


def test_there_are_enough_and_each_says_something_else():
    assert len({each.breaks for each in MUTATIONS}) == len(MUTATIONS) >= 30
