"""Engine events, in the JSON form that `pulumi --json` streams."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import ASSET, SIGNATURE_KEY, Secret, hide_secrets
from modelport_engine.state.resource import Resource
from modelport_engine.update.steps import Op, Step

Event = dict[str, Any]
OnEvent = Callable[[Event], None]

HIDDEN = "[secret]"
SHORTEST_SECRET = 3
NO_SECRETS = {"true", "false"}  # every text has these, and hiding them hides nothing
ELIDED = "<contents elided>"  # a text asset may be a whole file
LEFT_OPEN = {Op.READ: "read", Op.UPDATE: "update that may replace"}  # of steps without their provider


class Events:
    """Numbers and dates events, and hands them to one listener; none of the texts in `secrets` is in any of them.

    Attributes:
        planning: whether what is told of steps is only planned: a preview.
        offline: tells of a type whether nothing but its SDK judges its resources.
        undecided: how often, and about what, such a judgement had to stay open.
    """

    def __init__(self, on_event: OnEvent, secrets: Iterable[str] = ()):
        self.planning = False
        self.offline: Callable[[str], bool] = lambda _: False
        self.undecided: Counter[str] = Counter()
        self._on_event = on_event
        self._sequence = 0
        texts = {part for text in secrets for part in _parts(text) if _worth_hiding(part)}
        texts |= {json.dumps(text)[1:-1] for text in texts}
        hidden = sorted(texts, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, hidden))) if hidden else None

    def emit(self, kind: str, body: Mapping[str, Any]) -> None:
        """Send one event; `kind` is its key in Pulumi's format, for example ``summaryEvent``."""
        self._on_event({"sequence": self._sequence, "timestamp": int(time.time()), kind: body})
        self._sequence += 1

    def diagnostic(self, severity: str, message: str, *, urn: str = "", ephemeral: bool = False) -> None:
        """A message for the user; `severity` is debug, info, info#err, warning or error."""
        prefix = "" if severity.startswith("info") else f"{severity}: "
        body = {key: text for key, text in {"urn": urn, "prefix": prefix}.items() if text}
        body |= {"message": self.hide(f"{message}\n"), "color": "never", "severity": severity}
        self.emit("diagnosticEvent", body | ({"ephemeral": True} if ephemeral else {}))

    def say(self, message: str) -> None:
        """A message of the engine about itself."""
        self.emit("stdoutEvent", {"message": message, "color": "never"})

    def begun(self, step: Step) -> None:
        """A step begins."""
        known = step.op in (Op.REFRESH, Op.REPLACE)  # of any other nobody knows what comes of it
        self._step("resourcePreEvent", self._metadata(step, step.op, step.old, known=known))

    def done(self, step: Step) -> None:
        """A step is over, or its component has its outputs."""
        if step.op in LEFT_OPEN and self._is_offline(step):
            self.undecided[LEFT_OPEN[step.op]] += 1
        self._step("resOutputsEvent", self._metadata(step, step.outcome, step.displaced or step.old))

    def failed(self, step: Step, status: int, steps: int) -> None:
        """A step has failed after so many that did not; `status` is 1 if an object exists, 2 if nobody knows."""
        metadata = self._metadata(step, step.op, step.old)
        self.emit("resOpFailedEvent", {"metadata": metadata, "status": status, "steps": steps})

    def values(self, properties: Any) -> Any:
        """Property values as events show them."""
        return self._shown(hide_secrets(properties))

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self._secrets.sub(HIDDEN, text) if self._secrets else text

    def sealed(self, value: Any) -> Any:
        """The value, in which texts that hold a secret are secret."""
        match value:
            case str() if self.hide(value) != value:
                return Secret(value)
            case list():
                return [self.sealed(item) for item in value]
            case dict():
                return {key: self.sealed(item) for key, item in value.items()}
        return value

    def _step(self, kind: str, metadata: dict[str, Any]) -> None:
        self.emit(kind, {"metadata": metadata} | ({"planning": True} if self.planning else {}))

    def _metadata(self, step: Step, op: Op, old: Resource | None, *, known: bool = True) -> dict[str, Any]:
        difference, details = step.difference, step.difference.details
        shown: dict[str, Any] = {"op": str(op), "urn": step.resource.urn}
        shown |= {"type": step.resource.type, "old": self._state(old), "new": self._state(step.new, known)}
        shown |= {"keys": list(difference.replaces)} if difference.replaces else {}
        shown |= {"diffs": list(difference.changes)} if difference.changes else {}
        shown["detailedDiff"] = None
        if details is not None:
            shown["detailedDiff"] = {
                path: {"diffKind": kind, "inputDiff": own} for path, (kind, own) in details.items()
            }
        shown |= {"logical": True} if step.logical else {}
        if self._is_offline(step):
            shown |= {"offline": True} | ({"mayReplace": True} if op is Op.UPDATE else {})
        return shown | {"provider": step.resource.provider}

    def _is_offline(self, step: Step) -> bool:
        return step.resource.custom and self.offline(step.resource.type)

    def _state(self, resource: Resource | None, known: bool = True) -> dict[str, Any] | None:
        if resource is None:
            return None
        shown: dict[str, Any] = {"type": resource.type, "urn": resource.urn}
        shown |= {"custom": True} if resource.custom else {}
        shown |= {"delete": True} if resource.delete else {}
        shown |= {"id": resource.id if known or resource.external else "", "parent": resource.parent}
        for key in ("protect", "taint", "external"):
            shown |= {key: True} if getattr(resource, key) else {}
        shown |= {"retainOnDelete": True} if resource.retain_on_delete else {}
        outputs = self.values(resource.outputs) if known else {}
        shown |= {"inputs": self.values(resource.inputs), "outputs": outputs, "provider": resource.provider}
        return shown | ({"initErrors": resource.init_errors} if known and resource.init_errors else {})

    def _shown(self, value: Any) -> Any:
        match value:
            case str():
                return self.hide(value)
            case list():
                return [self._shown(item) for item in value]
            case {"text": str()} if value.get(SIGNATURE_KEY) == ASSET:
                return value | {"text": ELIDED}
            case dict():
                return {key: self._shown(item) for key, item in value.items()}
        return value


def internal(event: Event) -> bool:
    """Whether users of `pulumi --json` do not get to see the event: a step that is none of their program's."""
    step = (event.get("resourcePreEvent") or event.get("resOutputsEvent") or {}).get("metadata")
    return step is not None and (step["op"] == Op.REMOVE_PENDING_REPLACE or Urn(step["urn"]).is_default_provider)


def _parts(text: str) -> list[str]:
    """A secret, and if it is an object or a list in JSON, the texts in it: a program uses them one by one."""
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict | list):
            return _leaves(document)
    return [text]


def _leaves(document: Any) -> list[str]:
    if isinstance(document, dict | list):
        items = document.values() if isinstance(document, dict) else document
        return [leaf for item in items for leaf in _leaves(item)]
    return [document] if isinstance(document, str) else []


def _worth_hiding(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET and text.lower() not in NO_SECRETS
