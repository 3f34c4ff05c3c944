"""The engine as a program sees it: Pulumi's ResourceMonitor and Engine services."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf import empty_pb2

from modelport_engine.plugins.plugin import CHANNEL_OPTIONS
from modelport_engine.projects import versions
from modelport_engine.protocol.messages import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc
from modelport_engine.state.snapshot import PULUMI_VERSION
from modelport_engine.update.events import Events
from modelport_engine.update.registrar import Registrar

Answer = TypeVar("Answer")

FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "OUTPUT_VALUES",
    "ALIAS_SPECS",
    "DELETED_WITH",
    "TRANSFORMS",
    "INVOKE_TRANSFORMS",
)
SEVERITIES = {
    engine_pb2.LogSeverity.DEBUG: "debug",
    engine_pb2.LogSeverity.INFO: "info",
    engine_pb2.LogSeverity.WARNING: "warning",
    engine_pb2.LogSeverity.ERROR: "error",
}


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Takes registrations. A request whose resource failed is never answered: the program ends with the run."""

    def __init__(self, registrar: Registrar, info: resource_pb2.DeploymentInfo):
        self._registrar = registrar
        self._info = info
        info.supportedFeatures.extend(
            resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{each}") for each in FEATURES
        )

    async def GetDeploymentInfo(self, request: empty_pb2.Empty, context: Any) -> resource_pb2.DeploymentInfo:
        """What the program may know about the run."""
        return self._info

    async def SupportsFeature(self, request: Any, context: Any) -> resource_pb2.SupportsFeatureResponse:
        """The question of older SDKs."""
        snake = "".join(f"_{c}" if c.isupper() else c.upper() for c in request.id)
        return resource_pb2.SupportsFeatureResponse(hasSupport=snake in FEATURES)

    async def RegisterResource(self, request: Any, context: Any) -> resource_pb2.RegisterResourceResponse:
        """Bring one resource to its goal."""
        return await self._answer(self._registrar.register(request))

    async def RegisterResourceOutputs(self, request: Any, context: Any) -> empty_pb2.Empty:
        """A component is complete."""
        await self._answer(self._registrar.register_outputs(request))
        return empty_pb2.Empty()

    async def ReadResource(self, request: Any, context: Any) -> resource_pb2.ReadResourceResponse:
        """Look up an existing object."""
        return await self._answer(self._registrar.read(request))

    async def Invoke(self, request: Any, context: Any) -> resource_pb2.ResourceInvokeResponse:
        """Call a provider's function."""
        return await self._answer(self._registrar.invoke(request))

    async def Call(self, request: Any, context: Any) -> Any:
        """Call a component's method."""
        return await self._answer(self._registrar.call(request))

    async def RegisterStackTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        """A function that sees every later registration."""
        self._registrar.transforms.of_stack.append(request)
        return empty_pb2.Empty()

    async def RegisterStackInvokeTransform(self, request: Any, context: Any) -> empty_pb2.Empty:
        """A function that sees every later function call."""
        self._registrar.transforms.of_invokes.append(request)
        return empty_pb2.Empty()

    async def RegisterPackage(self, request: Any, context: Any) -> resource_pb2.RegisterPackageResponse:
        """Parameterized packages are not supported."""
        return await self._answer(
            self._registrar.unsupported(f"the parameterized package {request.parameterization.name or request.name}")
        )

    async def RegisterResourceHook(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Resource hooks are not supported."""
        return await self._answer(self._registrar.unsupported(f"the resource hook {request.name}"))

    async def SignalAndWaitForShutdown(self, request: empty_pb2.Empty, context: Any) -> empty_pb2.Empty:
        """The program has registered everything; answered when the run is over."""
        self._registrar.signalled.set()
        await self._registrar.finished.wait()
        return empty_pb2.Empty()

    async def _answer(self, answer: Awaitable[Answer]) -> Answer:
        if (given := await self._registrar.guarded(answer)) is None:
            await asyncio.Event().wait()
        assert given is not None
        return given


class EngineService(engine_pb2_grpc.EngineServicer):
    """Takes messages from programs and plugins; `muted()` says when errors only echo a failure already told."""

    def __init__(self, events: Events, muted: Callable[[], bool]):
        self._events = events
        self._muted = muted
        self._root = ""
        self.errors = 0

    async def Log(self, request: engine_pb2.LogRequest, context: Any) -> empty_pb2.Empty:
        """A message for the user."""
        severity = SEVERITIES[request.severity]
        if severity != "error" or not self._muted():
            self.errors += severity == "error"
            self._events.diagnostic(severity, request.message, urn=request.urn, ephemeral=request.ephemeral)
        return empty_pb2.Empty()

    async def GetRootResource(self, request: Any, context: Any) -> engine_pb2.GetRootResourceResponse:
        """The stack's URN, as SDKs before 2021 asked for it."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    async def SetRootResource(self, request: Any, context: Any) -> engine_pb2.SetRootResourceResponse:
        """The stack's URN, as SDKs before 2021 told it."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    async def RequirePulumiVersion(self, request: Any, context: Any) -> engine_pb2.RequirePulumiVersionResponse:
        """Whether the Pulumi that this engine stands in for is one that the program accepts."""
        try:
            versions.require(request.pulumi_version_range, PULUMI_VERSION)
        except versions.VersionError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return engine_pb2.RequirePulumiVersionResponse()


async def serve(*servicers: tuple[Callable[[Any, Any], None], Any]) -> tuple[Any, str]:
    """Serve on a free port of this machine; returns the server and its address."""
    server = grpc.aio.server(options=CHANNEL_OPTIONS)
    for add, servicer in servicers:
        add(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, f"127.0.0.1:{port}"
