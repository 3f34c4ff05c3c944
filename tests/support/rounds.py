"""How many rounds of a randomized test are played: a few by default, all of them with MODELPORT_ALL_ROUNDS."""

import os


def of(few: int, *, all: int) -> range:
    """The seeds to play, from 1."""
    return range(1, 1 + (all if os.environ.get("MODELPORT_ALL_ROUNDS") else few))
