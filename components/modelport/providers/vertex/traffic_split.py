from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import Changes, Failure, Say, Values

from .endpoint import LiveEndpoint, split_of
from .google import GoogleError, patiently
from .inputs import TrafficSplitInputs, validated


class VertexTrafficSplit:
    """`modelport:vertex:TrafficSplit`: which deployed models of an endpoint get its requests.

    Pulumi's provider for Google only knows it with ids that it cannot make. Inputs are the fields of
    `TrafficSplitInputs`, and so are the outputs. The id is the name of the endpoint. It is changed in one request, and
    only to deployed models that are there; without it, no requests are answered.
    """

    kind = "modelport:vertex:TrafficSplit"
    model = TrafficSplitInputs
    inputs = judged.names(TrafficSplitInputs)
    outputs: ClassVar = {}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(TrafficSplitInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`."""
        changed = tuple(name for name in self.inputs if old.get(name) != new.get(name))
        return Changes(changed, tuple(name for name in changed if name == "endpoint"))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return dict(new)

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = TrafficSplitInputs.model_validate(inputs)
        _divide(LiveEndpoint(wanted.endpoint), {id: share for id, share in wanted.percentages.items() if share}, say)
        return wanted.endpoint, wanted.values()

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. A share of 0 is shown where it was asked for."""
        if not (split := LiveEndpoint(id).split()):
            return None
        none = {known: 0 for known, share in outputs.get("percentages", {}).items() if not share}
        return validated(TrafficSplitInputs, id, {"endpoint": id, "percentages": {**none, **split}}).values()

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return self.create(inputs, say)[1]

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. The endpoint answers no request any more."""
        live = LiveEndpoint(id)
        if live.split():
            _divide(live, {}, say)


def _divide(live: LiveEndpoint, wanted: Mapping[str, int], say: Say) -> None:
    """Give the requests to deployed models, unless somebody else gives them to others meanwhile."""
    before = _described(live)
    began = split_of(before)

    def attempt() -> None:
        now = _described(live)
        split = split_of(now)
        if split == wanted:
            return
        if split != began:
            remedy = "Look who does that, then run `modelport refresh` and again."
            raise GoogleError(live.name, f"somebody else has divided its requests meanwhile: {_text(split)}. {remedy}")
        present = {each["id"] for each in now.get("deployedModels", [])}
        if missing := sorted({*wanted} - present):
            there = ", ".join(sorted(present)) or "none"
            raise GoogleError(live.name, f"has no deployed model {', '.join(missing)}. There is: {there}.")
        live.divide(wanted, now["etag"])
        say(f"endpoint {live.name.rpartition('/')[2]} divides its requests: {_text(wanted)}")

    patiently(attempt)


def _described(live: LiveEndpoint) -> dict[str, Any]:
    found = live.described()
    if found is None:
        raise GoogleError(live.name, "is not there")
    return found


def _text(split: Mapping[str, int]) -> str:
    return ", ".join(f"{id} {share} %" for id, share in sorted(split.items())) or "nobody"
