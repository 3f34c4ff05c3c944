"""The plugin as an engine starts it, and an engine that notes what it is told."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.rpc import UNKNOWN
from support.aws import program as aws
from support.gcp import program as gcp

FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
]
ROOT = Path(__file__).parents[2]
READ = {**aws.READ, **gcp.READ}


class Plugin:
    """The plugin with the protocol's methods in plain values."""

    def __init__(self, engine: str, folder: Path):
        (folder / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
        self.folder = folder
        command = [sys.executable, str(ROOT / "components"), engine]
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self._process.stdout.readline())}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._channel.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def urn(self, kind):
        return f"urn:pulumi:dev::test::modelport:local:Service${kind}::it"

    def check(self, inputs, kind="modelport:local:Server"):
        answer = self.stub.Check(messages.CheckRequest(urn=self.urn(kind), news=struct(inputs)))
        return plain(answer.inputs), {failure.property: failure.reason for failure in answer.failures}

    def diff(self, old, new, kind="modelport:local:Server"):
        return self.stub.Diff(messages.DiffRequest(id="it", urn=self.urn(kind), olds=struct(old), news=struct(new)))

    def create(self, inputs, preview=False, kind="modelport:local:Server"):
        request = messages.CreateRequest(urn=self.urn(kind), properties=struct(inputs), preview=preview)
        answer = self.stub.Create(request, timeout=60)
        return answer.id, plain(answer.properties)

    def read(self, id, properties, inputs):
        urn = self.urn("modelport:local:Server")
        answer = self.stub.Read(
            messages.ReadRequest(id=id, urn=urn, properties=struct(properties), inputs=struct(inputs)), timeout=60
        )
        return answer.id, plain(answer.properties), plain(answer.inputs)

    def update(self, id, old, new, preview=False):
        urn = self.urn("modelport:local:Server")
        request = messages.UpdateRequest(id=id, urn=urn, olds=struct(old), news=struct(new), preview=preview)
        return plain(self.stub.Update(request, timeout=60).properties)

    def delete(self, id):
        urn = self.urn("modelport:local:Server")
        self.stub.Delete(messages.DeleteRequest(id=id, urn=urn), timeout=60)

    def construct(self, engine, kind, name, inputs, **options):
        request = messages.ConstructRequest(
            project="test",
            stack="dev",
            monitorEndpoint=engine.address,
            type=kind,
            name=name,
            inputs=struct(inputs),
            dryRun=True,
            **options,
        )
        answer = self.stub.Construct(request, timeout=60)
        return answer.urn, plain(answer.state)


class Engine(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Answers registrations as a preview does: known inputs are outputs, and addresses of servers are unknown."""

    def __init__(self):
        self.registered = []
        self.logged = []
        self._server = grpc.server(ThreadPoolExecutor(4))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()

    def GetDeploymentInfo(self, request, context):
        return resource_pb2.DeploymentInfo(project="test", stack="dev", dryRun=True, supportedFeatures=FEATURES)

    def RegisterResource(self, request, context):
        self.registered.append(request)
        unknown = dict.fromkeys(("url", "version", "log"), UNKNOWN)
        outputs = {**plain(request.object), **unknown} if request.custom else {}
        return resource_pb2.RegisterResourceResponse(
            urn=f"urn:pulumi:dev::test::{request.type}::{request.name}", object=struct(outputs)
        )

    def Invoke(self, request, context):
        found = READ[request.tok]
        return messages.InvokeResponse(**{"return": struct(found)})

    def RegisterResourceOutputs(self, request, context):
        return empty_pb2.Empty()

    def Log(self, request, context):
        self.logged.append(request)
        return empty_pb2.Empty()


def struct(values):
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(message):
    return json_format.MessageToDict(message)
