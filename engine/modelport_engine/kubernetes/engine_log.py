from collections.abc import Callable
from contextlib import suppress
from functools import cached_property

import grpc

from modelport_engine.protocol.messages import engine_pb2, engine_pb2_grpc

Tell = Callable[[str], None]  # shows one line for the moment
SECONDS = 5.0


class EngineLog:
    """Lines for the user, shown by the engine beside the resource that they are about."""

    def __init__(self, address: str):
        self._address = address
        self._warned = False

    def about(self, urn: str) -> Tell:
        """What says what is being waited for, each thing once; it matters only for the moment."""
        last = ""

        def tell(message: str) -> None:
            nonlocal last
            if message != last:
                last = message
                self._send(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True))

        return tell

    def warn(self, urn: str, message: str) -> None:
        """Show what the user has to know about a resource."""
        self._send(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))

    def warn_once(self, urn: str, message: str) -> None:
        """Show what concerns every resource, beside the first."""
        if not self._warned:
            self._warned = True
            self.warn(urn, message)

    def _send(self, request: engine_pb2.LogRequest) -> None:
        with suppress(grpc.RpcError):  # without a listener the work goes on
            self._engine.Log(request, timeout=SECONDS)

    @cached_property
    def _engine(self) -> engine_pb2_grpc.EngineStub:
        return engine_pb2_grpc.EngineStub(grpc.insecure_channel(self._address))
