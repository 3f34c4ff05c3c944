"""Requests that show what a model is asked: rows of a .npz file, or a bundle's own sample."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modelport.bundle.errors import BundleError
from modelport_server.bundle import Bundle, Tensor
from modelport_server.bundle.files import sha256
from modelport_server.bundle.manifest import REBUILD, SAMPLE
from modelport_server.errors import Rejected
from modelport_server.tensors import DATATYPES, Array
from modelport_server.wire import v2

ROWS_AT_ONCE = 32
FORMAT = (
    "numpy.savez(FILE, NAME=rows, ...) with an array for each input of the model, whose first dimension is the rows."
)


@dataclass(frozen=True)
class Examples:
    """Requests for a model.

    Attributes:
        feeds: each with an array for every input.
        rows: how many there are in all requests together.
        sha256: of the file that they are from, in hex; None for the bundle's sample.
    """

    feeds: tuple[Mapping[str, Array], ...]
    rows: int
    sha256: str | None = None

    @classmethod
    def of_sample(cls, bundle: Bundle) -> Examples:
        """The one request that a bundle brings along.

        Raises:
            BundleError: it is not for the bundle's model.
        """
        try:
            inference = v2.inference(bundle.sample(), memoryview(b""), bundle)
        except Rejected as error:
            raise BundleError(bundle.path / SAMPLE, f"is not for the model: {error}.", REBUILD) from error
        return cls((inference.feeds,), inference.rows or 1)

    @classmethod
    def of_file(cls, file: Path, bundle: Bundle) -> Examples:
        """The rows of a .npz file, `ROWS_AT_ONCE` in a request, or as many as the model takes.

        Where an array has one dimension more than its input, each of its entries is a request.

        Raises:
            BundleError: they are none, or not for the model.
        """
        arrays = _read(file)
        _check_names(file, arrays, bundle)
        for tensor in bundle.inputs:
            arrays[tensor.name] = _checked(file, arrays[tensor.name], tensor)
        rows = _rows(file, arrays)
        if all(arrays[tensor.name].ndim == len(tensor.shape) + 1 for tensor in bundle.inputs):
            feeds = [{name: np.asarray(array[row]) for name, array in arrays.items()} for row in range(rows)]
        else:
            size = _rows_at_once(file, arrays, bundle, rows)
            starts = range(0, rows, size)
            feeds = [{name: array[start : start + size] for name, array in arrays.items()} for start in starts]
        return cls(tuple(feeds), rows, sha256(file))


def _read(file: Path) -> dict[str, Array]:
    try:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise BundleError(file, "holds one array, and no names of inputs.", FORMAT)
        with archive:
            return {name: archive[name] for name in archive.files}
    except OSError as error:
        raise BundleError(file, f"cannot be read: {error.strerror or error}.", FORMAT) from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(file, f"is no .npz file of plain arrays: {error}", FORMAT) from error


def _check_names(file: Path, arrays: Mapping[str, Array], bundle: Bundle) -> None:
    known = {tensor.name for tensor in bundle.inputs}
    if missing := sorted(known - arrays.keys()):
        raise BundleError(file, f"has no array for {', '.join(missing)}.", FORMAT)
    if unknown := sorted(arrays.keys() - known):
        problem = f"has arrays for {', '.join(unknown)}, and the model takes {', '.join(sorted(known))}."
        raise BundleError(file, problem, FORMAT)


def _checked(file: Path, array: Array, tensor: Tensor) -> Array:
    """The array as the model takes it, if it is for this input."""
    wanted = DATATYPES[tensor.datatype]
    if array.dtype.newbyteorder("=") != wanted.newbyteorder("=") and (array.dtype.kind, wanted.kind) != ("U", "O"):
        kind = "str" if wanted.kind == "O" else wanted.name
        problem = f"{tensor.name} is of {array.dtype}, the model takes {tensor.datatype}."
        raise BundleError(file, problem, f"Save it as {kind}: array.astype({kind!r}).")
    if not any(_fits(array.shape[1:], inner) for inner in (tensor.shape[1:], tensor.shape) if array.ndim):
        problem = f"{tensor.name} has shape {list(array.shape)}, the model takes {list(tensor.shape)}."
        raise BundleError(file, problem, FORMAT)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BundleError(file, f"{tensor.name} holds NaN or infinity.", "Leave such rows out.")
    return array.astype(wanted)


def _fits(given: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(given) == len(wanted) and all(size in (-1, got) for size, got in zip(wanted, given, strict=True))


def _rows(file: Path, arrays: Mapping[str, Array]) -> int:
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise BundleError(file, f"has not as many rows of each input: {shown}.", FORMAT)
    if not (rows := next(iter(counts.values()))):
        raise BundleError(file, "has no rows.", "Give some hundred rows as the service will see them.")
    return rows


def _rows_at_once(file: Path, arrays: Mapping[str, Array], bundle: Bundle, rows: int) -> int:
    """How many rows the model takes in a request."""
    if other := [tensor.name for tensor in bundle.inputs if arrays[tensor.name].ndim != len(tensor.shape)]:
        problem = f"{other[0]} has a dimension more than the input, and others have not."
        raise BundleError(file, problem, "Give every array one more, so that each of its entries is a request.")
    fixed = {tensor.shape[0] for tensor in bundle.inputs} - {-1}
    if len(fixed) > 1 or (fixed and rows % min(fixed)):
        problem = f"the model takes {' and '.join(map(str, sorted(fixed)))} rows at once, and here are {rows}."
        raise BundleError(
            file, problem, "Give each array one dimension more, so that each of its entries is a request."
        )
    return min(fixed, default=ROWS_AT_ONCE)
