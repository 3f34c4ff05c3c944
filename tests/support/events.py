"""Events of Pulumi's own engine, recorded from chains of runs, and what two streams of events are compared by."""

import gzip
import json
import re
from collections import defaultdict
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent.parent / "engine" / "recordings" / "events.json.gz"
# What may differ, and why. A `*` stands for any part of a kind.
MAY_DIFFER = {
    "summaryEvent.durationSeconds": "how long it took",
    "summaryEvent.PolicyPacks": "names the folder of a pack",
    "summaryEvent.policies": "ours alone: verdicts counted",
    "policyEvent.undecided": "ours alone: Pulumi takes it for an advice",
    "policy*SummaryEvent.undecided": "ours alone: Pulumi counts these as failed",
    "policy*SummaryEvent.notApplicable": "ours alone: Pulumi leaves these out",
    "*.metadata.old.outputs.serial": "the order in which objects were created",
    "*.metadata.new.outputs.serial": "the order in which objects were created",
}
# What may differ in a run that failed, since it is chance how far independent resources came.
MAY_DIFFER_AFTER_FAILURE = {
    "summaryEvent.resourceChanges": "counts what was done",
    "resOpFailedEvent.steps": "counts what was done",
}
# What the two put into different words.
OWN_WORDS = {
    "RuntimeError: program raised\n\n": "RuntimeError: program raised\n",
    "1 error occurred:\n\t* still starting\n\n\n": "still starting\n",
}
# What is made up anew in each run: random ids, random ends of names, and values made from a count of objects.
RANDOM = {r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "UUID", r"-[0-9a-f]{7}\b": "-NAME", r'"s\d+(\.0)?"': '"sN"'}
HIDDEN = {r'\{"4dabf18193072939515e22adb298388d": "[0-9a-f]{32}", "ciphertext": "\[secret\]"\}': '"[secret]"'}


@cache
def recorded_chains() -> dict[str, Any]:
    chains: dict[str, Any] = json.loads(gzip.decompress(RECORDING.read_bytes()))
    return chains


def by_resource(events: list[dict[str, Any]], *, failed: bool = False, secrecy: bool = True) -> dict[str, list[Any]]:
    """What was told of each resource in order, and under an empty URN of the run; kinds and bodies.

    Without `secrecy` it is the same whether a value is hidden as a secret or as a text that has one in it.
    """
    told = defaultdict(list)
    for event in events:
        kind = next(key for key in event if key not in ("sequence", "timestamp"))
        text = json.dumps(event[kind])
        for pattern, name in RANDOM.items() if secrecy else [*RANDOM.items(), *HIDDEN.items()]:
            text = re.sub(pattern, name, text)
        body = json.loads(text)
        for path in [*MAY_DIFFER, *(MAY_DIFFER_AFTER_FAILURE if failed else ())]:
            pattern, *keys = path.split(".")
            if fnmatch(kind, pattern):
                _drop(body, keys)
        for theirs, ours in OWN_WORDS.items() if kind == "diagnosticEvent" else ():
            body["message"] = body["message"].replace(theirs, ours)
        if failed and kind == "resOutputsEvent" and body["metadata"]["type"] == "pulumi:pulumi:Stack":
            continue  # it is chance, too, whether the program came to its outputs
        told[body.get("metadata", body).get("urn") or body.get("resourceUrn", "")].append((kind, body))
    return told


def _drop(body: Any, keys: list[str]) -> None:
    for key in keys[:-1]:
        body = (body or {}).get(key)
    if body:
        body.pop(keys[-1], None)
