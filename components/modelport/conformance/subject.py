from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelport.bundle import Bundle, Tensor, load
from modelport.conformance.check import Failed, Skipped, expect
from modelport.conformance.values import Value, compare, compare_numbers, flat

LOOSE = {"relative": 1e-4, "absolute": 1e-5}


@dataclass(frozen=True)
class Subject:
    """The model that a server serves: what it takes and gives, a request, and the answer where it is known.

    Attributes:
        wanted: the outputs for `inputs`; empty where nobody knows them.
        tolerance: of their numbers, `relative` and `absolute`.
    """

    name: str
    version: str | None
    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    inputs: tuple[Value, ...]
    wanted: tuple[Value, ...]
    tolerance: Mapping[str, float]

    @classmethod
    def of_bundle(cls, folder: Path, name: str | None = None) -> Subject:
        """The model of a bundle, its sample, and the answer that is recorded.

        Raises:
            BundleError: it is none.
        """
        bundle: Bundle = load(folder)
        expected = bundle.expected()
        return cls(
            name or bundle.name,
            bundle.version,
            bundle.inputs,
            bundle.outputs,
            tuple(map(Value.of_json, bundle.sample()["inputs"])),
            tuple(map(Value.of_json, expected["outputs"])),
            expected["tolerance"],
        )

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, Any]) -> Subject:
        """A model by the server's own V2 metadata, and a request of plausible values; fails where these are none."""
        takes, gives = (tuple(map(_tensor, metadata.get(side) or ())) for side in ("inputs", "outputs"))
        versions = metadata.get("versions") or [None]
        return cls(metadata["name"], versions[-1], takes, gives, tuple(map(_made_up, takes)), (), LOOSE)

    @property
    def speaks_json(self) -> bool:
        """Whether V2 can write all of its tensors as JSON."""
        return "FP16" not in {tensor.datatype for tensor in (*self.takes, *self.gives)}

    @property
    def rows(self) -> int | None:
        """The instances in the request, where its inputs have as many rows each and the outputs, too."""
        shapes = [value.shape for value in (*self.inputs, *self.wanted)]
        counts = {shape[0] if shape else None for shape in shapes}
        return counts.pop() if len(counts) == 1 else None

    def request(self, **more: Any) -> dict[str, Any]:
        """The V2 request in JSON.

        Raises:
            Skipped: JSON cannot write it.
        """
        if not self.speaks_json:
            raise Skipped("V2 has no JSON for FP16")
        return {**more, "inputs": [value.json() for value in self.inputs]}

    def instances(self) -> list[Any]:
        """The request as instances: the value of the only input, or an object with a value for each.

        Raises:
            Skipped: it has none.
        """
        if not self.rows:
            raise Skipped("the model's request is no batch of instances")
        columns = {value.name: value.nested for value in self.inputs}
        if len(columns) == 1:
            return list(*columns.values())
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def check_outputs(self, outputs: Sequence[Value], names: Sequence[str] | None = None) -> None:
        """Fail unless these are the outputs `names` (all by default), of the right kind and with the right values."""
        declared = {tensor.name: tensor for tensor in self.gives}
        wanted_names = list(declared) if names is None else list(names)
        given = {output.name: output for output in outputs}
        expect(
            sorted(given) == sorted(wanted_names), f"outputs are {sorted(given)}, expected are {sorted(wanted_names)}"
        )
        for value in self.wanted:
            if value.name in given:
                compare(given[value.name], value, dict(self.tolerance))
        for output in given.values():
            tensor = declared[output.name]
            expect(output.datatype == tensor.datatype, f"{output.name} is {output.datatype}, not {tensor.datatype}")
            fits = len(output.shape) == len(tensor.shape)
            fits = fits and all(size in (-1, got) for size, got in zip(tensor.shape, output.shape, strict=True))
            expect(fits, f"{output.name} has shape {list(output.shape)}, declared is {list(tensor.shape)}")

    def check_predictions(self, predictions: Any) -> None:
        """Fail unless there is one prediction for each instance, of the right values."""
        expect(isinstance(predictions, list), f"predictions is no list but {type(predictions).__name__}")
        expect(len(predictions) == self.rows, f"{len(predictions)} predictions for {self.rows} instances")
        for value in self.wanted:
            if isinstance(predictions[0], dict):
                expect(all(value.name in each for each in predictions), f"a prediction has no {value.name}")
                column = [each[value.name] for each in predictions]
            elif len(self.gives) == 1:
                column = predictions
            else:
                continue  # how several outputs make one prediction is the server's choice
            compare_numbers(value.name, list(flat(column)), value.data, dict(self.tolerance))


def _tensor(entry: Any) -> Tensor:
    try:
        return Tensor(entry["name"], entry["datatype"], tuple(entry["shape"]))
    except (KeyError, TypeError) as error:
        raise Failed(f"the metadata has a tensor without name, datatype or shape: {entry}") from error


def _made_up(tensor: Tensor) -> Value:
    shape = tuple(1 if size == -1 else size for size in tensor.shape)
    count = math.prod(shape)
    if tensor.datatype.startswith("FP"):
        data: tuple[Any, ...] = tuple((index % 16 + 1) / 16 for index in range(count))
    else:
        data = ({"BYTES": "1", "BOOL": True}.get(tensor.datatype, 1),) * count
    return Value(tensor.name, tensor.datatype, shape, data)
