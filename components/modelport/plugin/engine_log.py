from __future__ import annotations

from contextlib import suppress
from functools import cached_property

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """Lines for the user, shown by the engine beside the resource that they are about."""

    def __init__(self, address: str):
        self._address = address

    def say(self, urn: str, message: str) -> None:
        """Show what is being waited for; it matters only for the moment."""
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
        with suppress(grpc.RpcError):  # without a listener the work goes on
            self._engine.Log(request, timeout=5)

    @cached_property
    def _engine(self) -> engine_pb2_grpc.EngineStub:
        return engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._address))
