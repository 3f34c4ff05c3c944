"""Infer responses (V2) but for their values: the same for every answer of one kind."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle
from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import BYTES, JSON, Response
from modelport_server.tensors import Array, Inference

JSON_SIZE = b"inference-header-content-length"
VALUES = "fiub"  # kinds of dtypes
HERE = b"\0"  # JSON escapes it: it stands for nothing else


class Form:
    """The response to requests that differ in nothing but their values."""

    def __init__(self, text: bytes, arrays: list[Array], *, is_binary: bool):
        self._text, self._is_binary = text, is_binary
        self._seen = [(array.dtype, array.shape) for array in arrays]
        self._headers = ((JSON_SIZE, b"%d" % len(text)),) if is_binary else ()

    @classmethod
    def of(cls, bundle: Bundle, asked: Inference, arrays: list[Array]) -> Form | None:
        """The form of the response with `arrays`; None where it may not be the same again."""
        arrays = [tensors.as_array(array) for array in arrays]
        if any(array.dtype.kind not in VALUES or not array.size for array in arrays):
            return None
        outputs = list(zip(asked.outputs, arrays, strict=True))
        if asked.binary == set(asked.outputs):
            entries = [binary(name, array, array.nbytes) for name, array in outputs]
            return cls(response(bundle, b"", entries), arrays, is_binary=True)
        if asked.binary:
            return None
        entries = [b'%b,"data":[%b]}' % (output(name, array.dtype, array.shape), HERE) for name, array in outputs]
        text = response(bundle, b"", entries).replace(b"%", b"%%").replace(HERE, b"%b")
        return cls(text, arrays, is_binary=False)

    def responses(self, given: list[Array], count: int) -> list[Response]:
        """The responses to `count` requests that ran as one and gave these arrays.

        Raises:
            Rejected: they are not what was seen before.
        """
        arrays = [tensors.as_array(array) for array in given]
        for array, (dtype, shape) in zip(arrays, self._seen, strict=True):
            if array.dtype != dtype or array.shape != joined(shape, count):
                raise Rejected(Fault.NOT_ACCEPTABLE, "the outputs have another form")
        if self._is_binary:
            parts = zip(*(_blocks(array, count) for array in arrays), strict=True)
            return [Response(200, b"".join((self._text, *part)), BYTES, self._headers) for part in parts]
        texts = zip(*(_lists(array, count) for array in arrays), strict=True)
        return [Response(200, self._text % text, JSON) for text in texts]


def response(bundle: Bundle, identity: bytes, outputs: list[bytes]) -> bytes:
    """The JSON of a response with these outputs; `identity` is what it says of its id."""
    return b'%b%b,"outputs":[%b]}' % (_model(bundle.name, bundle.version), identity, b",".join(outputs))


def binary(name: str, array: Array, size: int) -> bytes:
    """The JSON of an output whose values are `size` bytes behind it."""
    return b'%b,"parameters":{"binary_data_size":%d}}' % (output(name, array.dtype, array.shape), size)


@lru_cache(1024)
def output(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What the JSON of an output begins with; it is still open.

    Raises:
        Rejected: the output has no V2 datatype.
    """
    return _open({"name": name, "datatype": tensors.datatype_of(name, dtype), "shape": shape})


def joined(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """The shape of `count` arrays that run as one; a scalar runs alone."""
    return (shape[0] * count, *shape[1:]) if shape else shape


@lru_cache(64)
def _model(name: str, version: str) -> bytes:
    return _open({"model_name": name, "model_version": version})


def _open(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content).removesuffix(b"}")


def _lists(array: Array, count: int) -> list[bytes]:
    """The values of each of `count` equal parts as JSON, without brackets."""
    text = orjson.dumps(array.reshape(count, -1), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].split(b"],[")


def _blocks(array: Array, count: int) -> list[bytes]:
    raw, size = array.tobytes(), array.nbytes // count
    return [raw[start : start + size] for start in range(0, len(raw), size)]
