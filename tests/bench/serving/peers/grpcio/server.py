"""The same protocol by grpcio alone, a thread for each of 8 requests: what a Python gRPC server can give."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import served
from tritonclient.grpc import service_pb2


def infer(request, context):
    values = np.frombuffer(request.raw_input_contents[0], np.float32).reshape(request.inputs[0].shape)
    output = served.answer(values)
    response = service_pb2.ModelInferResponse(model_name=served.NAME, raw_output_contents=[output.tobytes()])
    response.outputs.add(name="y", datatype="FP32", shape=output.shape)
    return response


if __name__ == "__main__":
    method = grpc.unary_unary_rpc_method_handler(
        infer, service_pb2.ModelInferRequest.FromString, service_pb2.ModelInferResponse.SerializeToString
    )
    service = grpc.method_handlers_generic_handler("inference.GRPCInferenceService", {"ModelInfer": method})
    served.session()
    server = grpc.server(ThreadPoolExecutor(8), handlers=[service])
    server.add_insecure_port(f"127.0.0.1:{served.GRPC_PORT}")
    server.start()
    server.wait_for_termination()
