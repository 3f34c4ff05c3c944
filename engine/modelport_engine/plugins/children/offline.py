"""A provider that knows nothing but what its SDK says: ``python offline.py``.

It checks inputs against the SDK's classes, compares them with old ones, and leaves every other output unknown.
Needs the program's interpreter and Pulumi's SDK only.
"""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from typing import Any

import grpc
from conformance import SIGNATURE, UNKNOWN, Problem, check, check_names  # type: ignore[import-not-found]  # beside
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb
from sdk_types import Unknown, args_class  # type: ignore[import-not-found]  # beside this script

ABSENT = object()
OF_THE_ENGINE = {"version", "pluginDownloadURL"}
DEFAULTS = "__defaults"  # the bridged providers' note of what they added themselves
RANDOM_NAME = "{name}-?[0-9a-f]{{7,8}}"


class Offline(provider_pb2_grpc.ResourceProviderServicer):
    """One package, as far as its SDK knows it."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """It has no version."""
        return plugin_pb2.PluginInfo()

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Check a provider that the program configures; the default one takes whatever the stack's config has."""
        answer = pb.CheckResponse(inputs=request.news)
        if not request.name.startswith("default"):
            own = {key: item for key, item in plain(request.news).items() if key not in OF_THE_ENGINE}
            report(answer, lambda: check_names(args_class(request.type), own), context)
        return answer

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Another config may mean another account, but it may not."""
        return pb.DiffResponse()

    def Configure(self, request: Any, context: Any) -> Any:
        """There is nothing to connect to."""
        return pb.ConfigureResponse(acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:
        """The inputs, with what the provider itself had added to the old ones."""
        news = plain(request.news)
        answer = pb.CheckResponse(inputs=request.news)
        answer.inputs.update(carried_over(plain(request.olds), news, request.name))

        def problems() -> Iterator[Problem]:
            cls = args_class(request.type)
            return check(cls, news) if cls else iter(())

        report(answer, problems, context)
        return answer

    def Diff(self, request: Any, context: Any) -> Any:
        """What differs; whether the object must be replaced for it, only the provider could tell."""
        answer = pb.DiffResponse(hasDetailedDiff=True, changes=pb.DiffResponse.DIFF_NONE)
        olds, news = plain(request.old_inputs), plain(request.news)
        for path, kind in differences(olds, news):
            top = re.split(r"[.\[]", path)[0]
            if top in request.ignoreChanges or top.startswith("__"):
                continue
            answer.changes = pb.DiffResponse.DIFF_SOME
            answer.detailedDiff[path].CopyFrom(pb.PropertyDiff(kind=kind, inputDiff=True))
            if top not in answer.diffs:
                answer.diffs.append(top)
        return answer

    def Read(self, request: Any, context: Any) -> Any:
        """The object is taken to exist; what it is like is unknown."""
        return pb.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing is under way."""
        return empty_pb2.Empty()


def report(answer: Any, problems: Any, context: Any) -> None:
    """Put the problems into the answer; a token that the SDK does not know ends the request."""
    try:
        found = list(problems())
    except Unknown as error:
        context.abort(grpc.StatusCode.NOT_FOUND, str(error))
    for problem in found:
        answer.failures.add(property=problem.path, reason=problem.reason)


def carried_over(olds: Mapping[str, Any], news: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The old inputs that were no wish of the program: defaults of the provider, and names that it made up."""
    defaults = olds.get(DEFAULTS) or []
    pattern = re.compile(RANDOM_NAME.format(name=re.escape(name)))
    return {
        key: value
        for key, value in olds.items()
        if key not in news and (key in defaults or (isinstance(value, str) and pattern.fullmatch(value)))
    }


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The paths at which two values differ, with the kind of each; what cannot be read of the old is not compared."""
    if old in (new, UNKNOWN):
        return
    if isinstance(old, dict) and isinstance(new, dict) and SIGNATURE not in old and SIGNATURE not in new:
        for key in sorted({*old, *new}):
            inner = f"{path}.{key}" if path else key
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list):
        for index, (a, b) in enumerate(zip_longest(old, new, fillvalue=ABSENT)):
            yield from differences(a, b, f"{path}[{index}]")
    else:
        kind = pb.PropertyDiff
        yield path, kind.ADD if old is ABSENT else kind.DELETE if new is ABSENT else kind.UPDATE


def plain(struct: Any) -> dict[str, Any]:
    """The values of a Struct."""
    values: dict[str, Any] = json_format.MessageToDict(struct)
    return values


def main() -> None:
    """Serve until the engine ends this process. The SDK is imported at the first question about it."""
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Offline(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
