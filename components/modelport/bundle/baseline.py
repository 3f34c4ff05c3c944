"""The baseline of a bundle: how its inputs and outputs were distributed in data that a team trusts."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from modelport.bundle.errors import BundleError, surfaced
from modelport_server import bundle
from modelport_server.bundle import Bundle
from modelport_server.bundle.baseline import BASELINE, Baseline, Feature

LEAST_ROWS = 100
BATCH = 256
KINDS = ".npz, .npy, .csv or .jsonl"
FIT = "Give the model's inputs, a row for each instance, as it takes them."

Feeds = dict[str, Any]


def make_baseline(folder: Path, data: Path, columns: Sequence[str] = ()) -> Baseline:
    """Let the model of a bundle answer `data`, and write into the bundle how inputs and outputs are distributed.

    Args:
        folder: the bundle; one that it has already is replaced.
        data: arrays by the names of the inputs (.npz), the only input (.npy), or rows as the server takes them
            (.csv, .jsonl).
        columns: what the columns of the only input are called; default: `x[0]`, `x[1]` and so on.

    Raises:
        BundleError: the bundle is damaged, or the data do not fit it.
    """
    with surfaced():
        from modelport_server.observe.features import columns as features_of
        from modelport_server.observe.features import described

        verified = bundle.verify(folder)
        feeds = _read(data, verified)
        rows = len(next(iter(feeds.values())))
        if rows < LEAST_ROWS:
            raise BundleError(data, f"has {rows} rows, and a baseline takes {LEAST_ROWS}.", "Give more of them.")
        inputs = features_of("input", verified.inputs, [feeds])
        outputs = features_of("output", verified.outputs, list(_answers(verified, feeds, rows)))
        features = [described(feature) for feature in chain(inputs, outputs)]
        made = Baseline(verified.digest, rows, tuple(_named(features, columns, verified)))
        _write(folder / BASELINE, made)
    return made


def _named(features: list[Feature], names: Sequence[str], verified: Bundle) -> list[Feature]:
    inputs = [feature for feature in features if feature.side == "input"]
    if not names:
        return features
    if len(verified.inputs) != 1 or len(names) != len(inputs):
        problem = f"{len(names)} names for {len(inputs)} features of {len(verified.inputs)} inputs."
        raise BundleError("--columns", problem, "Give a name for each column of a model's only input.")
    if len(set(names)) != len(names) or not all(names):
        raise BundleError("--columns", "a name is empty, or there twice.", "Give each column a name of its own.")
    renamed = [replace(feature, name=name) for feature, name in zip(inputs, names, strict=True)]
    return [*renamed, *(feature for feature in features if feature.side == "output")]


def _read(data: Path, verified: Bundle) -> Feeds:
    """The inputs in a file, as many instances in each."""
    from modelport_server.errors import Rejected
    from modelport_server.wire import tables

    if any(not tensor.shape for tensor in verified.inputs):
        raise BundleError(verified.path, "has an input without a dimension for instances.", "It can have no baseline.")
    anyhow = replace(verified, inputs=tuple(replace(each, shape=(-1, *each.shape[1:])) for each in verified.inputs))
    decoders = {".csv": tables.decode_csv, ".npy": tables.decode_npy, ".jsonl": tables.decode_lines}
    try:
        if data.suffix == ".npz":
            return _archived(data, anyhow)
        if decode := decoders.get(data.suffix):
            return decode(data.read_bytes(), anyhow).feeds
    except Rejected as error:
        raise BundleError(data, f"{error}.", FIT) from error
    raise BundleError(data, f"is of no known kind: {data.suffix or 'no suffix'}.", f"Give a file of kind {KINDS}.")


def _archived(data: Path, verified: Bundle) -> Feeds:
    import numpy as np

    from modelport_server import tensors
    from modelport_server.wire import tables

    try:
        with data.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(data, f"is no .npz of plain arrays: {error}.", "Write it with numpy.savez.") from error
    if len(arrays) == len(verified.inputs) == 1:
        arrays = {verified.inputs[0].name: next(iter(arrays.values()))}
    tensors.check_names(list(arrays), verified)
    if len({array.shape[:1] for array in arrays.values()}) != 1:
        raise BundleError(data, "its arrays do not have as many rows each.", FIT)
    shapes = {tensor.name: tensors.shape_of(list(arrays[tensor.name].shape), tensor) for tensor in verified.inputs}
    return {each.name: tables.cast(arrays[each.name], each).reshape(shapes[each.name]) for each in verified.inputs}


def _answers(verified: Bundle, feeds: Feeds, rows: int) -> Iterator[Feeds]:
    """What the model answers, in batches of the size that it takes; of a rest that is too small, nothing."""
    from modelport_server.inference.session import open_session, reason
    from modelport_server.tensors import as_array

    session, names = open_session(verified.model), [tensor.name for tensor in verified.outputs]
    fixed = max(tensor.shape[0] for tensor in verified.inputs)
    size = fixed if fixed > 0 else BATCH
    for start in range(0, rows - size + 1 if fixed > 0 else rows, size):
        try:
            arrays = session.run(names, {name: array[start : start + size] for name, array in feeds.items()})
        except Exception as error:  # onnxruntime's exceptions share no base class
            problem = f"fails on rows {start} to {min(start + size, rows) - 1}: {reason(error)}"
            raise BundleError(verified.path, problem, FIT) from error
        yield dict(zip(names, map(as_array, arrays), strict=True))


def _write(file: Path, made: Baseline) -> None:
    new = file.with_name(f".{file.name}.new")
    new.write_text(json.dumps(made.to_json(), allow_nan=False) + "\n", encoding="utf-8")
    new.replace(file)
