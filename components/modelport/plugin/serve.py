from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from modelport.providers import package

from .engine_log import EngineLog
from .provider import ModelportProvider
from .sentences import Sentences


class Servicer(ProviderServicer):
    """The SDK's servicer, where it cannot say what we need."""

    async def DiffConfig(self, request: provider_pb2.DiffRequest, context: object) -> provider_pb2.DiffResponse:
        """The provider has no configuration, so it never changes."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)


def serve() -> None:
    """Serve the engine whose address is the first argument; writes the port to standard output."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(sys.argv[1]))


async def _serve(engine: str) -> None:
    server = grpc.aio.server(interceptors=[Sentences()], options=_GRPC_CHANNEL_OPTIONS)
    servicer = Servicer([], package.VERSION, ModelportProvider(EngineLog(engine)), engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()
