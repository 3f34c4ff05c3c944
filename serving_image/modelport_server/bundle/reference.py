"""The question a model must answer before it serves, and its answer."""

from __future__ import annotations

import math
from typing import Any

import orjson

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.manifest import EXPECTED, REBUILD, Bundle, Tensor
from modelport_server.errors import Rejected
from modelport_server.inference.session import reason
from modelport_server.wire import v2

TOLERANCES = {
    "fp32": {"relative": 1e-4, "absolute": 1e-5},
    "fp16": {"relative": 1e-2, "absolute": 1e-3},
    "int8": {"relative": 5e-2, "absolute": 1e-2},
}
GIVE_A_SAMPLE = "Give a V2 infer request that the model accepts: --sample sample.json."


def generated_sample(bundle: Bundle) -> dict[str, Any]:
    """A V2 infer request of plausible values, the same on every machine; variable dimensions are 1."""
    return {"inputs": [_generated_input(tensor) for tensor in bundle.inputs]}


def answer(bundle: Bundle, session: Any, sample: dict[str, Any]) -> dict[str, Any]:
    """What the model in `session` answers to `sample`: V2 `outputs` and the `tolerance` of the bundle's precision.

    Raises:
        BundleError: the model does not accept the sample.
    """
    try:
        inference = v2.decode(orjson.dumps(sample), bundle)
        arrays = session.run(inference.outputs, inference.feeds)
    except Rejected as error:
        raise BundleError(bundle.path, f"does not accept the sample: {error}.", GIVE_A_SAMPLE) from error
    except Exception as error:  # onnxruntime's exceptions share no base class
        raise BundleError(bundle.path, f"fails on the sample: {reason(error)}", GIVE_A_SAMPLE) from error
    outputs = orjson.loads(v2.encode(bundle, inference, arrays).body)["outputs"]
    return {"outputs": outputs, "tolerance": TOLERANCES[bundle.precision]}


def difference(bundle: Bundle, outputs: list[dict[str, Any]]) -> str | None:
    """Where `outputs` (V2) leave the tolerance of the answer that `bundle` records, or None when they agree.

    Raises:
        BundleError: the recorded answer is malformed.
    """
    try:
        return _difference(bundle.expected(), outputs)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(bundle.path / EXPECTED, f"malformed: {error!r}.", REBUILD) from error


def _difference(expected: dict[str, Any], outputs: list[dict[str, Any]]) -> str | None:
    actual = {output["name"]: output for output in outputs}
    for wanted in expected["outputs"]:
        name, given = wanted["name"], actual.get(wanted["name"])
        if given is None:
            return f"{name} is missing"
        for key in ("datatype", "shape"):
            if given[key] != wanted[key]:
                return f"{name} has {key} {given[key]}, expected {wanted[key]}"
        for index, pair in enumerate(zip(given["data"], wanted["data"], strict=True)):
            if not _close(*pair, **expected["tolerance"]):
                return f"{name}[{index}] is {pair[0]}, expected {pair[1]}"
    return None


def _generated_input(tensor: Tensor) -> dict[str, Any]:
    shape = [1 if size == -1 else size for size in tensor.shape]
    count = math.prod(shape)
    if tensor.datatype.startswith("FP"):
        data: list[Any] = [(index % 16 + 1) / 16 for index in range(count)]
    else:  # 1 is a valid index, length and divisor nearly everywhere
        data = [{"BYTES": "1", "BOOL": True}.get(tensor.datatype, 1)] * count
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "data": data}


def _close(given: Any, wanted: Any, relative: float, absolute: float) -> bool:
    if isinstance(given, float) and isinstance(wanted, float):
        return math.isclose(given, wanted, rel_tol=relative, abs_tol=absolute)
    return bool(given == wanted)
