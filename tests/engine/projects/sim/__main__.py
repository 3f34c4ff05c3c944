"""A provider whose cloud is one JSON file (SIM_CLOUD); it notes every request in another (SIM_CALLS)."""

import fcntl
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
IMMUTABLE = {"region", "name"}
COMPUTED = {"arn", "serial"}
CLOUD = Path(os.environ["SIM_CLOUD"])
CALLS = Path(os.environ["SIM_CALLS"])


class Sim(provider_pb2_grpc.ResourceProviderServicer):
    prefix = ""

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="0.1.0")

    def CheckConfig(self, request, context):
        note("CheckConfig", request)
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        note("DiffConfig", request)
        moved = plain(request.olds).get("account") != plain(request.news).get("account")
        return pb.DiffResponse(hasDetailedDiff=True, replaces=["account"] if moved else [])

    def Configure(self, request, context):
        note("Configure", request)
        self.prefix = request.variables.get("sim:config:prefix", "")
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True)

    def Check(self, request, context):
        note("Check", request)
        inputs = pb.CheckResponse(inputs=request.news)
        if "size" not in request.news:
            inputs.inputs["size"] = 1
        elif isinstance(request.news["size"], float) and request.news["size"] < 0:
            inputs.failures.add(property="size", reason="must not be negative")
        if "name" not in request.news:
            given = json_format.MessageToDict(request.olds).get("name")
            inputs.inputs["name"] = given or f"{request.name}-{request.randomSeed.hex()[:7]}"
        return inputs

    def Diff(self, request, context):
        note("Diff", request)
        olds, news = plain(request.olds), plain(request.news)
        answer = pb.DiffResponse(hasDetailedDiff=True, deleteBeforeReplace=request.type == "sim:index:Exclusive")
        for key in sorted({*olds, *news} - COMPUTED - set(request.ignoreChanges)):
            if olds.get(key) != news.get(key):
                kind = "ADD" if key not in olds else "DELETE" if key not in news else "UPDATE"
                if key in IMMUTABLE:
                    kind += "_REPLACE"
                    answer.replaces.append(key)
                answer.diffs.append(key)
                answer.detailedDiff[key].kind = pb.PropertyDiff.Kind.Value(kind)
                answer.detailedDiff[key].inputDiff = True
        answer.changes = pb.DiffResponse.DIFF_SOME if answer.diffs else pb.DiffResponse.DIFF_NONE
        return answer

    def Create(self, request, context):
        note("Create", request)
        answer = pb.CreateResponse(properties=request.properties)
        inputs = plain(request.properties)
        if request.preview:
            answer.properties.update({"arn": UNKNOWN, "serial": UNKNOWN})
            return answer
        time.sleep(inputs.get("delay", 0))
        if inputs.get("crash"):
            print("sim: out of memory", file=sys.stderr, flush=True)
            os._exit(3)
        if inputs.get("fail"):
            context.abort(grpc.StatusCode.UNKNOWN, f"no room for {request.name}")
        answer.id = self.prefix + inputs["name"]
        with alone():
            cloud = read_cloud()
            serial = len(cloud) + 1
            write_cloud(cloud | {answer.id: inputs | {"serial": serial}})
        answer.properties.update({"arn": f"arn:sim:{answer.id}", "serial": serial})
        if inputs.get("slow_start"):
            unready = pb.ErrorResourceInitFailed(id=answer.id, properties=answer.properties, reasons=["still starting"])
            abort_with(context, unready)
        return answer

    def Read(self, request, context):
        note("Read", request)
        found = read_cloud().get(request.id)
        if found is None:
            return pb.ReadResponse()
        answer = pb.ReadResponse(id=request.id)
        answer.inputs.update({key: value for key, value in found.items() if key not in COMPUTED})
        answer.properties.update(found | {"arn": f"arn:sim:{request.id}"})
        return answer

    def Update(self, request, context):
        note("Update", request)
        answer = pb.UpdateResponse(properties=request.news)
        answer.properties.update({key: request.olds[key] for key in COMPUTED if key in request.olds})
        inputs = plain(request.news)
        if not request.preview:
            if inputs.get("fail"):
                context.abort(grpc.StatusCode.UNKNOWN, f"no room for {request.name}")
            with alone():
                write_cloud(read_cloud() | {request.id: plain(answer.properties)})
        return answer

    def Delete(self, request, context):
        note("Delete", request)
        with alone():
            cloud = read_cloud()
            if cloud.get(request.id, {}).get("faildelete"):
                context.abort(grpc.StatusCode.UNKNOWN, f"{request.name} is in use")
            cloud.pop(request.id, None)
            write_cloud(cloud)
        return empty_pb2.Empty()

    def Invoke(self, request, context):
        note("Invoke", request)
        return pb.InvokeResponse(**{"return": request.args})

    def Cancel(self, request, context):
        return empty_pb2.Empty()


def abort_with(context, details):
    from pulumi.runtime.proto import status_pb2

    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message="initialization failed")
    status.details.add().Pack(details)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, "initialization failed")


def plain(struct):
    """The values of a Struct; secrets in the open."""

    def opened(value):
        if isinstance(value, list):
            return [opened(item) for item in value]
        if isinstance(value, dict):
            return (
                opened(value["value"])
                if value.get(SIGNATURE) == SECRET
                else {key: opened(item) for key, item in value.items()}
            )
        return value

    return opened(json_format.MessageToDict(struct))


@contextmanager
def alone():
    """Each provider of a program is a process of its own, and they share the cloud."""
    with CLOUD.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_cloud():
    return json.loads(CLOUD.read_text()) if CLOUD.exists() else {}


def write_cloud(cloud):
    new = CLOUD.with_suffix(".new")
    new.write_text(json.dumps(cloud, sort_keys=True))
    new.replace(CLOUD)


def note(method, request):
    with alone(), CALLS.open("a") as file:
        file.write(json.dumps([method, json_format.MessageToDict(request)]) + "\n")


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Sim(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()
