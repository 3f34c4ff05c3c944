"""What another model in place of one is to those who call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from modelport_server.bundle import Bundle, Tensor

VARIABLE = -1


@dataclass(frozen=True)
class Succession:
    """One model after another.

    Attributes:
        breaking: what callers can no longer send or count on, each in words.
        compatible: what is new for callers who want it.
        delta: the largest absolute difference of the numbers that both answer to the sample; None where the sample is
            another, or the answers have other shapes.
    """

    before: Bundle
    after: Bundle
    breaking: tuple[str, ...]
    compatible: tuple[str, ...]
    delta: float | None


def succession(before: Bundle, after: Bundle) -> Succession:
    """What changes for callers when the second model takes the first's place. Runs neither."""
    breaking = [*_inputs_broken(before.inputs, after.inputs), *_outputs_broken(before.outputs, after.outputs)]
    compatible = [f"new output {name}" for name in after.output_names if name not in before.output_names]
    compatible += _inputs_widened(before.inputs, after.inputs)
    return Succession(before, after, tuple(breaking), tuple(compatible), _delta(before, after))


def _inputs_broken(before: Sequence[Tensor], after: Sequence[Tensor]) -> Iterator[str]:
    new = {each.name: each for each in after}
    yield from (f"input {each.name} is gone" for each in before if each.name not in new)
    yield from (f"input {name} is new and required" for name in new if name not in {each.name for each in before})
    for old in before:
        if (now := new.get(old.name)) and (old.datatype != now.datatype or not _takes(now.shape, old.shape)):
            yield f"input {old.name} was {_shown(old)} and is {_shown(now)}"


def _outputs_broken(before: Sequence[Tensor], after: Sequence[Tensor]) -> Iterator[str]:
    new = {each.name: each for each in after}
    yield from (f"output {each.name} is gone" for each in before if each.name not in new)
    for old in before:
        if (now := new.get(old.name)) and (old.datatype != now.datatype or not _takes(old.shape, now.shape)):
            yield f"output {old.name} was {_shown(old)} and is {_shown(now)}"


def _inputs_widened(before: Sequence[Tensor], after: Sequence[Tensor]) -> Iterator[str]:
    new = {each.name: each for each in after}
    for old in before:
        now = new.get(old.name)
        if now and old.datatype == now.datatype and old.shape != now.shape and _takes(now.shape, old.shape):
            yield f"input {old.name} takes {_shown(now)}"


def _takes(wide: Sequence[int], narrow: Sequence[int]) -> bool:
    """Whether what has the second shape has the first, too."""
    return len(wide) == len(narrow) and all(one in (VARIABLE, other) for one, other in zip(wide, narrow, strict=True))


def _shown(tensor: Tensor) -> str:
    return f"{tensor.datatype}[{','.join('?' if size == VARIABLE else str(size) for size in tensor.shape)}]"


def _delta(before: Bundle, after: Bundle) -> float | None:
    if before.sample() != after.sample():
        return None
    answers = [{each["name"]: each for each in bundle.expected()["outputs"]} for bundle in (before, after)]
    shared = [(answers[0][name], answers[1][name]) for name in answers[0] if name in answers[1]]
    if any(one["shape"] != other["shape"] for one, other in shared):
        return None
    pairs = [pair for one, other in shared for pair in zip(one["data"], other["data"], strict=True)]
    return max((_apart(*pair) for pair in pairs), default=None)


def _apart(one: Any, other: Any) -> float:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other)
    return 0.0 if one == other else 1.0
