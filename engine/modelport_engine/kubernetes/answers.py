"""Errors as the engine's protocol wants them."""

import functools
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import any_pb2

from modelport_engine.errors import EngineError
from modelport_engine.kubernetes.masking import masked
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
            reasons = [masked(reason, request) for reason in error.reasons]
            context.set_trailing_metadata((("grpc-status-details-bin", error.status(reasons)),))
            context.abort(grpc.StatusCode.UNKNOWN, "\n".join(reasons))
        except (EngineError, ValueError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, masked(str(error), request))

    return answer


class HalfMade(EngineError):
    """An object exists and is not ready; its state must be kept."""

    def __init__(self, id: str, outputs: Properties, inputs: Properties, reasons: list[str]):
        super().__init__("\n".join(reasons))
        self.reasons = reasons
        self._id, self._outputs, self._inputs = id, outputs, inputs

    def status(self, reasons: list[str]) -> bytes:
        """The error as gRPC carries details, with these words for its reasons."""
        state, inputs = to_struct(self._outputs, secrets=True), to_struct(self._inputs, secrets=True)
        packed = any_pb2.Any()
        packed.Pack(pb.ErrorResourceInitFailed(id=self._id, properties=state, inputs=inputs, reasons=reasons))
        code: int = grpc.StatusCode.UNKNOWN.value[0]
        message = "\n".join(reasons)
        whole: bytes = status_pb2.Status(code=code, message=message, details=[packed]).SerializeToString()
        return whole
