"""Planned resources as the requests that creating them means."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from pulumi.runtime import rpc
from support.aws.catalogue import kind_of
from support.aws.kinds import ADOPTED, PREFIXES, SILENT, Kind
from support.aws.members import member, put
from support.aws.program import AwsProgram
from support.referring import reference


@dataclass
class Request:
    """What is asked of an operation such as `s3.CreateBucket` for a resource, in botocore's names.

    An input that the operation does not take keeps its own name there, so that the judge finds it.
    """

    token: str
    name: str
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        return input_shape(self.operation)


def requests_of(program: AwsProgram) -> list[Request]:
    """The requests of all AWS resources, in the order of their dependencies."""
    planned = [
        (each.type, each.name) for each in program.requests if each.type.startswith("aws:") and each.type not in ADOPTED
    ]
    return [each for token, name in planned for each in making(token, name, program.inputs[name])]


def making(token: str, name: str, inputs: Mapping[str, Any]) -> Iterator[Request]:
    """The requests that make a resource: the first makes it, others follow."""
    kind = kind_of(token)
    said = {key: value for key, value in inputs.items() if key not in (*SILENT, *PREFIXES)}

    def request(operation: str, fixed: Mapping[str, Any], names: Collection[str]) -> Request:
        made = Request(token, name, operation)
        for place, value in {**fixed, **places(made.shape, kind, said, names)}.items():
            put(made.parameters, made.shape, place, value)
        return made

    later = {each for then in kind.then for each in (*then.inputs, then.switch)}
    yield request(kind.operation, {**kind.made_up(name, inputs), **kind.also}, said.keys() - later)
    for then in kind.then:
        asked = said.keys() & then.inputs
        if said.get(then.switch, asked):
            yield request(then.operation, {then.by: reference(name, "id")}, asked)


def places(shape: Shape, kind: Kind, inputs: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Inputs of some names by the places that take them."""
    takes = {"name": kind.named or "name", **kind.takes}
    found: dict[str, Any] = {}
    for name in sorted(names):
        take, value = takes.get(name, name), rpc.unwrap_rpc_secret(inputs[name])
        if callable(take):
            found |= {} if value == rpc.UNKNOWN else take(value, inputs)
        elif name in takes or not kind.within or member(shape, name):
            found[take] = value
        else:
            found[f"{kind.within}.{name}"] = value
    return found


def input_shape(operation: str) -> Shape:
    service, _, name = operation.partition(".")
    return model(service).operation_model(name).input_shape


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)
