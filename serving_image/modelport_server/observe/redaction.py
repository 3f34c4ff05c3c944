"""Values that are in no record: of whole tensors, or of columns of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from modelport_server.errors import ServerError

if TYPE_CHECKING:
    from modelport_server.bundle import Bundle, Tensor
    from modelport_server.tensors import Array

COLUMN = re.compile(r"(.+)\[(\d+)\]")

Columns = tuple[int, ...] | None  # None: all of the tensor


class UnknownName(ServerError):
    """A name to redact that no model has: what it should hide would be recorded."""

    exit_code = 2


class Redaction:
    """The names that are redacted, found in the models."""

    def __init__(self, names: Iterable[str]):
        self._names = tuple(names)
        self._found: dict[str, Mapping[str, Columns]] = {}

    def take(self, bundles: Iterable[Bundle]) -> None:
        """Find the names in the models that serve.

        Raises:
            UnknownName: one is in none of them.
        """
        bundles, missing = list(bundles), set(self._names)
        for bundle in bundles:
            places = {name: place for name in self._names if (place := _place(name, bundle))}
            missing -= places.keys()
            self._found[bundle.digest] = _merged(places.values())
        if bundles and missing:
            known = ", ".join(tensor.name for bundle in bundles for tensor in (*bundle.inputs, *bundle.outputs))
            problem = f"no model has {', '.join(sorted(missing))}, and a name that is none hides nothing."
            raise UnknownName(f"--capture-redact\n  {problem}\n  There are {known}, and columns such as NAME[0].")

    def of(self, bundle: Bundle) -> Mapping[str, Columns]:
        """The columns that are redacted, by tensor."""
        return self._found.get(bundle.digest, {})


def without_columns(array: Array, columns: tuple[int, ...]) -> list[Any]:
    """The values of an array, row by row in one list, with null in the `columns` of each row."""
    rows = array.reshape(len(array), -1).astype(object) if array.ndim else array.reshape(1, 1).astype(object)
    rows[:, [column for column in columns if column < rows.shape[1]]] = None
    values: list[Any] = rows.ravel().tolist()
    return values


def _place(name: str, bundle: Bundle) -> tuple[str, int | None] | None:
    """The tensor and, where it is one, the column that a name means."""
    tensors = {tensor.name: tensor for tensor in (*bundle.inputs, *bundle.outputs)}
    if name in tensors:
        return name, None
    baseline = bundle.baseline()
    named = {feature.name: feature.source for feature in baseline.features} if baseline else {}
    source = named.get(name, name)
    if source in tensors:
        return source, None
    column = COLUMN.fullmatch(source)
    if column and column[1] in tensors and _has(tensors[column[1]], int(column[2])):
        return column[1], int(column[2])
    return None


def _has(tensor: Tensor, column: int) -> bool:
    width = 1
    for size in tensor.shape[1:]:
        if size == -1:
            return True
        width *= size
    return column < width


def _merged(places: Iterable[tuple[str, int | None]]) -> dict[str, Columns]:
    found: dict[str, Columns] = {}
    for tensor, column in places:
        before = found.get(tensor, ())
        found[tensor] = None if column is None or before is None else (*before, column)
    return found
