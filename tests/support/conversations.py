"""What programs are answered, and providers, transforms and policy packs asked, by engines of this process."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from google.protobuf.json_format import MessageToDict
from support.normalised import LIFE
from support.runs import comparable

from modelport_engine.protocol.messages import provider_pb2_grpc, resource_pb2
from modelport_engine.update.monitor import Monitor
from modelport_engine.update.packs import Pack
from modelport_engine.update.transforms import Transforms

ANSWERED = ("RegisterResource", "ReadResource", "Invoke")
JUDGED = ("Remediate", "Analyze")


class Conversation:
    """Listens to the engines of this process until the test is over."""

    def __init__(self, monkeypatch: Any):
        self._moments = 0
        self.calls: list[Any] = []
        self.answers: list[Any] = []
        self.verdicts: list[Any] = []
        self.transforms: list[Any] = []
        for method in ANSWERED:
            monkeypatch.setattr(Monitor, method, self._answering(method, getattr(Monitor, method)))
        provider = provider_pb2_grpc.ResourceProviderStub
        monkeypatch.setattr(provider_pb2_grpc, "ResourceProviderStub", lambda channel: Stub(provider(channel), self))
        monkeypatch.setattr(Pack, "ask", self._judging(Pack.ask))
        monkeypatch.setattr(Transforms, "_invoke", self._transforming(Transforms._invoke))

    def moment(self) -> int:
        """Now, as the number of the moments before it."""
        self._moments += 1
        return self._moments

    def _answering(self, method: str, original: Any) -> Any:
        async def answer(monitor: Monitor, request: Any, context: Any) -> Any:
            given = await original(monitor, request, context)
            self.answers.append([method, getattr(request, "tok", "") or given.urn, MessageToDict(given)])
            return given

        return answer

    def _transforming(self, original: Any) -> Any:
        async def invoke(transforms: Transforms, callback: Any, payload: bytes) -> bytes:
            asked = resource_pb2.TransformRequest.FromString(payload)
            self.transforms.append(["Invoke", asked.name, MessageToDict(asked)])
            return await original(transforms, callback, payload)

        return invoke

    def _judging(self, original: Any) -> Any:
        async def ask(pack: Pack, method: str, request: Any, **options: Any) -> Any:
            if method in JUDGED:
                self.verdicts.append([method, request.urn, MessageToDict(request)])
            return await original(pack, method, request, **options)

        return ask


class Stub:
    """A provider as the engine sees it; each request is noted with the moments of its begin and its end."""

    def __init__(self, provider: Any, heard: Conversation):
        self._provider, self._heard = provider, heard

    def __getattr__(self, method: str) -> Any:
        call = getattr(self._provider, method)

        async def ask(request: Any) -> Any:
            noted = [method, MessageToDict(request), self._heard.moment(), None]
            self._heard.calls.append(noted)
            try:
                return await call(request)
            finally:
                noted[3] = self._heard.moment()

        return call if method in LIFE else ask


def by_resource(said: list[Any]) -> dict[str, list[Any]]:
    """For each resource, or function, what was said of it, in order."""
    found = defaultdict(list)
    for method, about, body in said:
        for each in body.get("propertyDependencies", {}).values():
            each.get("urns", []).sort()
        found[about].append((method, comparable(body)))
    return dict(found)
