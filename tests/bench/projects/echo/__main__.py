"""A provider that does nothing: every object is as it was asked for, at once."""

from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Echo(provider_pb2_grpc.ResourceProviderServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="0.1.0")

    def CheckConfig(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return pb.DiffResponse()

    def Configure(self, request, context):
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request, context):
        return pb.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        changed = [key for key in request.news if request.news[key] != request.old_inputs[key]]
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE, diffs=changed
        )

    def Create(self, request, context):
        answer = pb.CreateResponse(properties=request.properties)
        answer.properties["arn"] = UNKNOWN if request.preview else f"arn:echo:{request.name}"
        answer.id = "" if request.preview else request.name
        return answer

    def Read(self, request, context):
        return pb.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)

    def Update(self, request, context):
        answer = pb.UpdateResponse(properties=request.news)
        answer.properties["arn"] = request.olds["arn"]
        return answer

    def Delete(self, request, context):
        return empty_pb2.Empty()

    def Cancel(self, request, context):
        return empty_pb2.Empty()


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Echo(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()
