"""What instances have that can be counted, and their counts: the same for a baseline and for what is served."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from modelport_server.bundle.baseline import Feature, Side
from modelport_server.tensors import Array

if TYPE_CHECKING:
    from modelport_server.bundle import Tensor

MOST_VALUES = 256  # of an instance that are a feature each; of more, only their mean and deviation are
MOST_CATEGORIES = 20
BINS = 10
SUMS_TO_ONE = 1e-3

Arrays = Mapping[str, Array]


class Column(NamedTuple):
    """The values of a feature, one of each instance."""

    side: Side
    source: str
    tensor: str
    values: Array


def columns(side: Side, tensors: Sequence[Tensor], inferences: Sequence[Arrays]) -> Iterator[Column]:
    """What can be counted of a model's inputs or outputs, of all inferences together.

    An instance is a row: its only value is the feature `x`, several are `x[0]`, `x[1]` and so on. Of more than
    `MOST_VALUES` there are `x.mean` and `x.deviation`. Where instances have sizes of their own, all values together are
    one feature. Outputs whose rows are probabilities have their `x.confidence`, too.
    """
    for tensor in tensors:
        if tables := [table for each in inferences for table in _tables(tensor, each)]:
            found = np.concatenate(tables).T
            for source, values in zip(_sources(tensor), found, strict=True):
                yield Column(side, source, tensor.name, values)
    for tensor, sure in confidences(tensors, inferences) if side == "output" else ():
        yield Column(side, f"{tensor.name}.confidence", tensor.name, sure)


def confidences(tensors: Iterable[Tensor], inferences: Sequence[Arrays]) -> Iterator[tuple[Tensor, Array]]:
    """The largest probability of each row, of tensors whose rows are probabilities."""
    for tensor in tensors:
        given = [each[tensor.name] for each in inferences if tensor.name in each]
        if sure := [highest for array in given if (highest := _highest(array)) is not None]:
            yield tensor, np.concatenate(sure)


def described(column: Column) -> Feature:
    """How values are distributed: few different ones each counted, many in bins of as many values each."""
    side, source, tensor, values = column
    categories: tuple[Any, ...] | None = None
    edges: tuple[float, ...] | None = None
    if values.dtype.kind == "O":
        most = Counter(map(str, values)).most_common(MOST_CATEGORIES)
        categories = tuple(sorted(text for text, _ in most))
    else:
        numbers = values.astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        different = np.unique(finite)
        if len(different) <= MOST_CATEGORIES and not np.isinf(numbers).any():
            categories = tuple(different.tolist())
        else:
            edges = tuple(np.unique(np.quantile(finite, np.arange(1, BINS) / BINS)).tolist()) if len(finite) else ()
    blank = (0,) * (len(categories) if categories is not None else len(edges or ()) + 1)
    bins = Feature(source, source, side, tensor, edges, categories, (*blank, 1))
    return Feature(source, source, side, tensor, edges, categories, tuple(tally(bins, values).tolist()))


def tally(feature: Feature, values: Array) -> Array:
    """How many of the values are in each bin of a feature, or of each category."""
    size, last = len(feature.counts), len(feature.counts) - 1
    if feature.edges is not None:
        numbers = values.astype(np.float64)
        places = np.searchsorted(np.array(feature.edges), numbers)
        places[np.isnan(numbers)] = last
    elif values.dtype.kind == "O":
        known = {category: number for number, category in enumerate(feature.categories or ())}
        places = np.array([known.get(str(value), last) for value in values], dtype=np.intp)
    else:
        places = _matched(np.array(feature.categories, dtype=np.float64), values.astype(np.float64))
    counts: Array = np.bincount(places, minlength=size)
    return counts


def _sources(tensor: Tensor) -> list[str]:
    width = _width(tensor)
    if width > MOST_VALUES:
        return [f"{tensor.name}.mean", f"{tensor.name}.deviation"]
    return [tensor.name] if width == 1 else [f"{tensor.name}[{column}]" for column in range(width)]


def _tables(tensor: Tensor, arrays: Arrays) -> Iterator[Array]:
    """The values of a tensor: a row for each instance, a column for each source."""
    array, width = arrays.get(tensor.name), _width(tensor)
    if array is None or array.size % width:  # not asked for, or the model does not keep to the shape that it declares
        return
    rows = array.reshape(array.size // width, width)
    if width <= MOST_VALUES:
        yield rows
        return
    numbers = rows.astype(np.float64)
    with np.errstate(invalid="ignore"):
        yield np.stack([numbers.mean(axis=1), numbers.std(axis=1)], axis=1)


def _highest(array: Array) -> Array | None:
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind != "f" or not len(array):
        return None
    numbers = array.astype(np.float64)
    if not (numbers.min() >= 0 and np.all(np.abs(numbers.sum(axis=1) - 1) <= SUMS_TO_ONE)):
        return None
    highest: Array = numbers.max(axis=1).clip(max=1.0)
    return highest


def _matched(categories: Array, numbers: Array) -> Array:
    """The place of each number among the categories, which ascend; their number where it is none of them."""
    if not len(categories):
        return np.zeros(len(numbers), dtype=np.intp)
    places = np.minimum(np.searchsorted(categories, numbers), len(categories) - 1)
    matched: Array = np.where(categories[places] == numbers, places, len(categories))
    return matched


def _width(tensor: Tensor) -> int:
    """Values of one instance; 1 where instances have sizes of their own."""
    sizes = tensor.shape[1:] if len(tensor.shape) != 1 else tensor.shape
    width = 1 if -1 in sizes else math.prod(sizes)
    return 1 if tensor.datatype == "BYTES" and width > MOST_VALUES else max(width, 1)
