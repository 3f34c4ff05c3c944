import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc

from modelport_engine.kubernetes.engine_log import EngineLog
from modelport_engine.kubernetes.provider import KubernetesProvider
from modelport_engine.plugins.plugin import CHANNEL_OPTIONS
from modelport_engine.protocol.messages import provider_pb2_grpc

AT_ONCE = 256  # requests; one that waits for an object holds a thread


def serve(engine: str) -> None:
    """Serve the engine at `engine` (host:port) until it ends this process; writes the port to standard output."""
    server = grpc.server(ThreadPoolExecutor(AT_ONCE), options=CHANNEL_OPTIONS)
    provider = KubernetesProvider(EngineLog(engine))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that the client removes the keys that it keeps in files
    server.wait_for_termination()
