"""The messages of V2 gRPC, made when they are first needed.

They live in a pool of their own: a process that has loaded another definition of the protocol, such as a client's, can
load this one beside it, whatever its version of protobuf. Field numbers: the Open Inference Protocol's.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"
PACKAGE = "inference"
# Parameters are left out: none means anything to this server, and protobuf skips what it does not know.
PROTOCOL = """
ServerLiveRequest:
ServerLiveResponse: bool live = 1
ServerReadyRequest:
ServerReadyResponse: bool ready = 1
ModelReadyRequest: string name = 1, string version = 2
ModelReadyResponse: bool ready = 1
ServerMetadataRequest:
ServerMetadataResponse: string name = 1, string version = 2, repeated string extensions = 3
ModelMetadataRequest: string name = 1, string version = 2
TensorMetadata: string name = 1, string datatype = 2, repeated int64 shape = 3
ModelMetadataResponse: string name = 1, repeated string versions = 2, string platform = 3,
    repeated TensorMetadata inputs = 4, repeated TensorMetadata outputs = 5
InferTensorContents: repeated bool bool_contents = 1, repeated int32 int_contents = 2,
    repeated int64 int64_contents = 3, repeated uint32 uint_contents = 4, repeated uint64 uint64_contents = 5,
    repeated float fp32_contents = 6, repeated double fp64_contents = 7, repeated bytes bytes_contents = 8
InferInputTensor: string name = 1, string datatype = 2, repeated int64 shape = 3, InferTensorContents contents = 5
InferRequestedOutputTensor: string name = 1
InferOutputTensor: string name = 1, string datatype = 2, repeated int64 shape = 3, InferTensorContents contents = 5
ModelInferRequest: string model_name = 1, string model_version = 2, string id = 3,
    repeated InferInputTensor inputs = 5, repeated InferRequestedOutputTensor outputs = 6,
    repeated bytes raw_input_contents = 7
ModelInferResponse: string model_name = 1, string model_version = 2, string id = 3,
    repeated InferOutputTensor outputs = 5, repeated bytes raw_output_contents = 6
"""
FIELD = re.compile(r"(repeated )?(\w+) (\w+) = (\d+)")


@cache
def message(name: str) -> Any:
    """The class of one of the protocol's messages."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@cache
def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="modelport_server/v2.proto", package=PACKAGE, syntax="proto3")
    for text in re.split(r"\n(?=\w)", PROTOCOL.strip()):
        name, _, fields = text.partition(":")
        file.message_type.add(name=name).field.extend(map(_field, FIELD.findall(fields)))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _field(parts: tuple[str, str, str, str]) -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    repeated, kind, name, number = parts
    label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
    field = kinds(name=name, number=int(number), label=label)
    if kind[0].isupper():
        field.type, field.type_name = kinds.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = kinds.Type.Value(f"TYPE_{kind.upper()}")
    return field
