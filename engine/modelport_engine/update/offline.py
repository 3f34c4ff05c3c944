"""What an offline preview says of itself."""

from collections.abc import Iterable, Mapping

HOW = "offline: checked against the SDKs alone, without providers"


def summary(undecided: Mapping[str, int]) -> str:
    """One sentence, with what could not be decided; `undecided` counts it by its name in the singular."""
    counted = [f"{count} {_plural(what, count)}" for what, count in sorted(undecided.items()) if count]
    return f"{HOW}; undecided: {', '.join(counted) or 'nothing'}"


def unanswered(functions: Iterable[str]) -> str:
    """What may be the matter with a program that has failed after it called these functions."""
    return (
        f"offline nobody answers a function, and the program called {', '.join(sorted(functions))}. Where it goes on "
        "with the result itself, use the form that gives an output: get_region_output() instead of get_region()."
    )


def _plural(what: str, count: int) -> str:
    noun, space, rest = what.partition(" that ")
    return what if count == 1 else f"{noun}s{space}{rest}"
