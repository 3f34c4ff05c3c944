"""How graphs that run one after the other hand on their tensors.

An input takes the output of the same name of the graph before; where one input is left, it takes the one output that is
left; then an output of that name of any earlier graph. What nobody gives is an input of the whole, and what the last
graph gives is its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.manifest import Bundle, Source, Stage, Tensor

RENAME = "Rename tensors (onnx.compose.add_prefix, or in the exporter), so that outputs are called as the inputs are."

REORDER = "Name the graphs in the order in which they run, or export this one for what the graph before it gives."


@dataclass(frozen=True)
class Wired:
    """Graphs as one: what they take and give together, and how each gets its inputs."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    stages: tuple[Stage, ...]


def wire(graphs: Sequence[tuple[str, Bundle]]) -> Wired:
    """Connect `graphs`, each with the path that it will have in the bundle, in the order in which they run.

    Raises:
        BundleError: two do not fit together, or it is not clear how.
    """
    taken: dict[str, Tensor] = {}  # by the whole
    stages: list[Stage] = []
    for number, (path, graph) in enumerate(graphs):
        earlier = [{tensor.name: tensor for tensor in before.outputs} for _, before in graphs[:number]]
        takes = _matched(graph, earlier)
        if number and not any(source.graph == number for source in takes.values()):
            gives = ", ".join(earlier[-1])
            problem = f"takes none of what the graph before it gives ({gives}), or it is not clear which."
            raise BundleError(graph.path, problem, RENAME)
        for tensor in graph.inputs:
            if tensor.name not in takes:
                takes[tensor.name] = Source(0, tensor.name)
                _agree(taken.setdefault(tensor.name, tensor), tensor, graph.path)
        stages.append(Stage(path, {tensor.name: takes[tensor.name] for tensor in graph.inputs}))
    return Wired(tuple(taken.values()), graphs[-1][1].outputs, tuple(stages))


def _matched(graph: Bundle, earlier: Sequence[Mapping[str, Tensor]]) -> dict[str, Source]:
    """Where the inputs of a graph come from that an earlier one gives."""
    if not earlier:
        return {}
    before, number = earlier[-1], len(earlier)
    takes = {tensor.name: Source(number, tensor.name) for tensor in graph.inputs if tensor.name in before}
    left, given = [each.name for each in graph.inputs if each.name not in takes], before.keys() - takes.keys()
    if len(left) == len(given) == 1:
        takes[left[0]] = Source(number, given.pop())
    for name in left:
        if name not in takes and (found := _last_of(name, earlier[:-1])):
            takes[name] = Source(found, name)
    for tensor in graph.inputs:
        if source := takes.get(tensor.name):
            _agree(earlier[source.graph - 1][source.name], tensor, graph.path)
    return takes


def _last_of(name: str, graphs: Sequence[Mapping[str, Tensor]]) -> int:
    """The number of the last graph that gives `name`; 0: none does."""
    return max((number for number, outputs in enumerate(graphs, start=1) if name in outputs), default=0)


def _agree(given: Tensor, taken: Tensor, path: Path) -> None:
    if problems := list(_differences(given, taken)):
        raise BundleError(path, f"input {taken.name} takes {problems[0]}.", REORDER)


def _differences(given: Tensor, taken: Tensor) -> Iterator[str]:
    if given.datatype != taken.datatype:
        yield f"{taken.datatype}, and {given.name} is {given.datatype}"
    fits = len(given.shape) == len(taken.shape) and all(
        -1 in pair or pair[0] == pair[1] for pair in zip(given.shape, taken.shape, strict=True)
    )
    if not fits:
        yield f"shape {list(taken.shape)}, and {given.name} has {list(given.shape)}"
