"""A provider `aws` that makes what it is asked for in moto, at the address in AWS_ENDPOINT_URL; it deletes nothing.

It makes none of the type in MOTO_REFUSES.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.rpc import UNKNOWN

sys.path.append(str(Path(__file__).parents[3]))
from support.aws.account import Account
from support.aws.kinds import ADOPTED
from support.aws.program import READ
from support.aws.requests import making
from support.referring import texts

FIXED = ("resourceId",)
"""Of what a test gives another value: that, of which the real provider makes another resource."""


class Moto(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="7.0.0")

    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return pb.DiffResponse()

    def Configure(self, request, context):
        self.account = Account(request.args["region"])
        return pb.ConfigureResponse(supportsPreview=True)

    def Check(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        news, olds = json_format.MessageToDict(request.news), json_format.MessageToDict(request.old_inputs)
        changed = [key for key in news.keys() | olds.keys() if news.get(key) != olds.get(key)]
        changes = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        details = {path: pb.PropertyDiff(kind=pb.PropertyDiff.UPDATE) for path in differing(olds, news)}
        replaced = [key for key in changed if key in FIXED]
        details |= {key: pb.PropertyDiff(kind=pb.PropertyDiff.UPDATE_REPLACE) for key in replaced}
        return pb.DiffResponse(
            changes=changes, diffs=changed, replaces=replaced, detailedDiff=details, hasDetailedDiff=True
        )

    def Invoke(self, request, context):
        answer = pb.InvokeResponse()
        json_format.ParseDict(READ[request.tok], getattr(answer, "return"))
        return answer

    def Create(self, request, context):
        inputs = json_format.MessageToDict(request.properties)
        name, token = request.urn.rpartition("::")[2], request.urn.split("::")[2].rpartition("$")[2]
        if token == os.environ.get("MOTO_REFUSES") and not request.preview:
            context.abort(grpc.StatusCode.UNKNOWN, "unexpected state 'Failed': it did not pass the ping health check")
        outputs = dict.fromkeys(texts(token), UNKNOWN) if request.preview else self.made(token, name, inputs)
        answer = pb.CreateResponse(id=outputs.pop("id", ""))
        json_format.ParseDict({"region": self.account.region, **outputs, **inputs}, answer.properties)
        return answer

    def made(self, token, name, inputs):
        if token in ADOPTED:
            return {"id": name}
        self.account.apply(making(token, name, inputs))
        known = {each: self.told(name, each) for each in {"id", *texts(token)} - inputs.keys()}
        return {output: value for output, value in known.items() if value is not None}

    def told(self, name, output):
        try:
            return self.account.output(name, output)
        except (KeyError, TypeError):  # not told, or a moment
            return None

    def Update(self, request, context):
        """Believe that it has been done: moto has been asked once, and knows no other of a kind that changes."""
        answer = pb.UpdateResponse(properties=request.olds)
        answer.properties.update(json_format.MessageToDict(request.news))
        return answer

    def Read(self, request, context):
        return pb.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)

    def Delete(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


def differing(olds, news, prefix=""):
    """The paths of what is not the same, as deep as maps go."""
    for key in news.keys() | olds.keys():
        old, new = olds.get(key), news.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            yield from differing(old, new, f"{prefix}{key}.")
        elif old != new:
            yield f"{prefix}{key}"


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(1))  # modules of the SDK are not to be imported by two at once
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Moto(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()
