"""An empty AWS account, as moto has it, that requests are applied to."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import boto3
from botocore import xform_name
from support.aws.catalogue import kind_of
from support.aws.gaps import GAPS
from support.aws.requests import Request
from support.referring import REFERENCE


class Account:
    """What has been applied, for the time of `moto.mock_aws`.

    Attributes:
        made: by the name of a resource, its type, and what was said and what answered when it was made.
        gaps: the resources of which moto did not take all, each with the operation.
    """

    def __init__(self, region: str = "us-east-1") -> None:
        self.region = region
        self.made: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}
        self.gaps: list[tuple[str, str]] = []
        self.client = cache(lambda service: boto3.client(service, region_name=region))

    def apply(self, requests: Iterable[Request]) -> None:
        """Ask for everything, around the gaps of moto."""
        for request in requests:
            said = self.known(request.parameters)
            parameters = self.around(request, said)
            answer = {} if parameters is None else self.ask(request.operation, parameters)
            answer.pop("ResponseMetadata", None)
            self.made.setdefault(request.name, (request.token, leaves(said), leaves(answer)))

    def around(self, request: Request, said: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What moto takes of a request; None where it takes none."""
        for gap in (each for each in GAPS if each.operation == request.operation):
            if (parameters := gap.around(said)) != said:
                self.gaps.append((request.name, gap.operation))
                return parameters
        return said

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        service, _, name = operation.partition(".")
        if operation == "s3.CreateBucket" and self.region != "us-east-1":
            parameters = {"CreateBucketConfiguration": {"LocationConstraint": self.region}, **parameters}
        return getattr(self.client(service), xform_name(name))(**parameters)

    def known(self, value: Any) -> Any:
        """A value with what the references in it stand for."""
        match value:
            case str():
                return REFERENCE.sub(lambda found: self.output(found[1], found[2]), value)
            case list():
                return [self.known(each) for each in value]
            case dict():
                return {key: self.known(each) for key, each in value.items()}
        return value

    def output(self, name: str, output: str) -> str:
        """An output of a resource that has been made: as its type says, else what was answered or said by its name."""
        token, said, answer = self.made[name]
        kind = kind_of(token)
        arns = [{"arn": text} for key, text in answer.items() if key.endswith("arn")]
        texts = {"region": self.region, **(arns[0] if arns else {}), **said, **answer}
        place = {"id": kind.named, "name": kind.named, **kind.takes}.get(output) or output
        form = kind.outputs.get(output) or f"{{{place.rpartition('.')[2]}}}"
        return re.sub(r"{(\w+)}", lambda found: texts[found[1].lower()], form)


def leaves(value: Any, name: str = "") -> dict[str, Any]:
    """What stands in a value, by its own name in small letters."""
    if isinstance(value, Mapping):
        return {key: each for name, inner in value.items() for key, each in leaves(inner, name).items()}
    if isinstance(value, list):
        return {key: each for inner in value for key, each in leaves(inner, name).items()}
    return {name.lower(): value}
