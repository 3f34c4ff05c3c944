"""A provider whose objects are files of a folder (OBJECTS/cloud), each written at once.

A change of `place`, `within` or a property named `bind...` replaces an object; a Single is deleted before. Deleting an
object deletes what is `within` it. OBJECTS/log gets a line when a call begins and one when it ends. OBJECTS/faults.json
says what goes wrong: by method and name, `refuse`, `die` or `die late`; and from which change on each lingers, just
before or just after it is made.
"""

import json
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
HOME = Path(os.environ["OBJECTS"])
LONGEST_CALL = float(os.environ["OBJECTS_SECONDS"])
LINGER_SECONDS = 1
CHANGES = ("Create", "Update", "Delete")
LOG = os.open(HOME / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)


class Objects(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="0.1.0")

    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        moved = plain(request.olds).get("place") != plain(request.news).get("place")
        return pb.DiffResponse(replaces=["place"] if moved else [])

    def Configure(self, request, context):
        return pb.ConfigureResponse(supportsPreview=True, acceptResources=True)

    def Check(self, request, context):
        with call("Check", request, context, real=False):
            return pb.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        with call("Diff", request, context, real=False):
            olds, news = plain(request.olds), plain(request.news)
            keys = sorted({*olds, *news} - {"tag"} - set(request.ignoreChanges))
            changed = [key for key in keys if olds.get(key) != news.get(key)]
            return pb.DiffResponse(
                changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
                diffs=changed,
                replaces=[key for key in changed if key in ("place", "within") or key.startswith("bind")],
                deleteBeforeReplace=request.type.endswith(":Single"),
            )

    def Create(self, request, context):
        inputs = plain(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=struct(inputs | {"tag": UNKNOWN}))
        id = f"{request.name}-{uuid4().hex[:8]}"
        with call("Create", request, context, id):
            outputs = inputs | {"tag": tag_of(id)}
            write(id, {"urn": request.urn, "outputs": outputs})
        return pb.CreateResponse(id=id, properties=struct(outputs))

    def Read(self, request, context):
        with call("Read", request, context, request.id):
            found = read(request.id)
        if found is None:
            return pb.ReadResponse()
        outputs = found["outputs"]
        inputs = {key: value for key, value in outputs.items() if key != "tag"}
        return pb.ReadResponse(id=request.id, inputs=struct(inputs), properties=struct(outputs))

    def Update(self, request, context):
        outputs = plain(request.news) | {"tag": plain(request.olds)["tag"]}
        if request.preview:
            return pb.UpdateResponse(properties=struct(outputs))
        with call("Update", request, context, request.id):
            if read(request.id) is None:
                context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} does not exist")
            write(request.id, {"urn": request.urn, "outputs": outputs})
        return pb.UpdateResponse(properties=struct(outputs))

    def Delete(self, request, context):
        with call("Delete", request, context, request.id, bound=bound_to(request.id)):
            remove(request.id)
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


@contextmanager
def call(method, request, context, id="", real=True, **more):
    """Note a call, let it take its time, and let go wrong what is to."""
    name = request.urn.rpartition("::")[2]
    fault = faults().get(method, {}).get(name)
    late = random.random() < 0.5
    note(method=method, urn=request.urn, id=id, begins=True, **more)
    if real:
        time.sleep(random.random() * LONGEST_CALL)
    if fault == "refuse":
        note(method=method, urn=request.urn, id=id, begins=False, failed=True)
        context.abort(grpc.StatusCode.UNKNOWN, f"{method} of {name} was refused")
    if fault == "die":
        os._exit(3)
    if not late:
        linger(method)
    yield
    if fault == "die late":
        os._exit(3)
    if late:
        linger(method)
    note(method=method, urn=request.urn, id=id, begins=False)


def linger(method):
    first = faults().get("linger from")
    if first and method in CHANGES and changes_begun() >= first:
        time.sleep(LINGER_SECONDS)


def changes_begun():
    *lines, _ = (HOME / "log").read_text().split("\n")  # the last one may be half written
    return sum(line["method"] in CHANGES and line["begins"] for line in map(json.loads, lines))


def note(**what):
    os.write(LOG, json.dumps(what).encode() + b"\n")


def faults():
    path = HOME / "faults.json"
    return json.loads(path.read_text()) if path.exists() else {}


def path_of(id):
    return HOME / "cloud" / f"{id}.json"


def read(id):
    try:
        return json.loads(path_of(id).read_text())
    except FileNotFoundError:
        return None


def write(id, value):
    new = path_of(id).with_suffix(f".{uuid4().hex}")
    new.write_text(json.dumps(value))
    new.replace(path_of(id))


def remove(id):
    """Remove an object, and before it what is within it."""
    for path in (HOME / "cloud").glob("*.json"):
        if (other := read(path.stem)) and other["outputs"].get("within") == tag_of(id):
            remove(path.stem)
    path_of(id).unlink(missing_ok=True)


def bound_to(id):
    """The objects that would have to be replaced, were this one another."""
    objects = {path.stem: read(path.stem) for path in (HOME / "cloud").glob("*.json")}
    tags = {
        other: [value for key, value in found["outputs"].items() if key.startswith("bind")]
        for other, found in objects.items()
        if found
    }
    return [other for other, named in tags.items() if tag_of(id) in named]


def tag_of(id):
    return f"tag of {id}"


def plain(properties):
    return json_format.MessageToDict(properties)


def struct(values):
    properties = pb.CreateResponse().properties
    properties.update(values)
    return properties


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(16))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Objects(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    note(method="Start", pid=os.getpid())
    server.start()
    server.wait_for_termination()
