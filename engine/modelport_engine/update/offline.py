"""What an offline preview says of itself."""

from collections.abc import Mapping

HOW = "offline: checked against the SDKs alone, without providers"


def summary(undecided: Mapping[str, int]) -> str:
    """One sentence, with what could not be decided; `undecided` counts it by its name in the singular."""
    counted = [f"{count} {_plural(what, count)}" for what, count in sorted(undecided.items()) if count]
    return f"{HOW}; undecided: {', '.join(counted) or 'nothing'}"


def _plural(what: str, count: int) -> str:
    noun, space, rest = what.partition(" that ")
    return what if count == 1 else f"{noun}s{space}{rest}"
