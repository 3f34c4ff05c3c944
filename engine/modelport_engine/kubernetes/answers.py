"""Errors as the engine's protocol wants them."""

import functools
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import any_pb2

from modelport_engine.errors import EngineError
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.messages import status_pb2
from modelport_engine.protocol.values import Properties, to_struct


def answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Have a method's errors reach the engine as the protocol wants them."""

    @functools.wraps(method)
    def answer(servicer: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(servicer, request, context)
        except HalfMade as error:
            context.set_trailing_metadata((("grpc-status-details-bin", error.status()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except (EngineError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answer


class HalfMade(EngineError):
    """An object exists and is not ready; its state must be kept."""

    def __init__(self, id: str, outputs: Properties, inputs: Properties, reasons: list[str]):
        super().__init__("\n".join(reasons))
        self._details = pb.ErrorResourceInitFailed(
            id=id, properties=to_struct(outputs, secrets=True), inputs=to_struct(inputs, secrets=True), reasons=reasons
        )

    def status(self) -> bytes:
        """The error as gRPC carries details."""
        packed = any_pb2.Any()
        packed.Pack(self._details)
        code: int = grpc.StatusCode.UNKNOWN.value[0]
        whole: bytes = status_pb2.Status(code=code, message=str(self), details=[packed]).SerializeToString()
        return whole
