from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from modelport_server.bundle import Bundle, BundleError
from modelport_server.bundle.describe import describe
from modelport_server.bundle.manifest import MODEL
from modelport_server.bundle.pipeline import wire


def compose(model: Bundle, before: Sequence[Path], after: Sequence[Path]) -> tuple[Bundle, dict[str, Path]]:
    """A described model with the graphs around it, and for each file of the bundle to be, where it lies now.

    Raises:
        BundleError: a graph cannot be served, or they do not fit together.
    """
    graphs = [
        *(_placed(describe(path, name="graph"), f"before-{number}") for number, path in enumerate(before, start=1)),
        model,
        *(_placed(describe(path, name="graph"), f"after-{number}") for number, path in enumerate(after, start=1)),
    ]
    origins = {file.path: _origin(graph, file.path) for graph in graphs for file in graph.files}
    if len(graphs) == 1:
        return model, origins
    paths = Counter(file.path for graph in graphs for file in graph.files)
    if twice := [path for path, times in paths.items() if times > 1]:
        raise BundleError(model.path, f"has external data at {twice[0]}, where a graph will be.", "Rename it.")
    wired = wire([(graph.files[0].path, graph) for graph in graphs])
    domains = sorted({domain for graph in graphs for domain in graph.opsets})
    return replace(
        model,
        inputs=wired.inputs,
        outputs=wired.outputs,
        opsets={domain: max(graph.opsets.get(domain, 0) for graph in graphs) for domain in domains},
        ir_version=max(graph.ir_version for graph in graphs),
        files=tuple(sorted(file for graph in graphs for file in graph.files)),
        pipeline=wired.stages,
    ), origins


def _placed(graph: Bundle, folder: str) -> Bundle:
    """A graph whose files lie in a folder of their own, beside the model."""
    files = (replace(file, path=f"model/{folder}/{_inside(file.path)}") for file in graph.files)
    return replace(graph, files=tuple(files))


def _origin(graph: Bundle, path: str) -> Path:
    """Where a file of a graph lies now; the graph itself comes first."""
    main = graph.files[0].path
    return (
        graph.path if path == main else graph.path.parent / PurePosixPath(path).relative_to(PurePosixPath(main).parent)
    )


def _inside(path: str) -> PurePosixPath:
    return PurePosixPath(path).relative_to(PurePosixPath(MODEL).parent)
