"""Judges requests to Vertex AI by Google's own types and HTTP rules; runs in the environment of vendor-models.txt.

A line of standard input is a list of requests: service, method, request; verb, path, query and body as they are sent. A
line of standard output is what is wrong with each.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

from google.api_core import path_template
from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

Json = dict[str, Any]
BOUND = {"name"}
"""Output-only in the types, but part of the paths."""


def problems(asked: Json) -> Iterator[str]:
    kind = getattr(types, f"{asked['method']}Request")
    message = kind.pb(kind())
    try:
        json_format.ParseDict(asked["request"], message)
    except json_format.ParseError as error:
        yield str(error)
        return
    again = json_format.MessageToDict(message)
    if again != asked["request"]:
        yield f"is understood as {json.dumps(again, sort_keys=True)}"
    yield from behaviours(kind, asked["request"], asked["method"])
    yield from sent_differently(asked, message)


def behaviours(kind: Any, body: Json, place: str) -> Iterator[str]:
    """Fields that Google's documentation says are needed and are not there, or are only for answers and are there."""
    said = documented(kind)
    masked = place.startswith(("Update", "Mutate")) and "." in place
    for field, meta in kind.meta.fields.items():
        name = camel(field)
        if name not in body:
            if said.get(field) == "Required" and not masked:
                yield f"{place} lacks {name}"
            continue
        if said.get(field) == "Output only" and name not in BOUND:
            yield f"{place}.{name} is only for answers"
        inner = getattr(types, meta.message, None) if isinstance(meta.message, str) else meta.message
        if hasattr(inner, "meta"):
            for each in body[name] if meta.repeated else [body[name]]:
                if isinstance(each, dict):
                    yield from behaviours(inner, each, f"{place}.{name}")


@cache
def documented(kind: Any) -> dict[str, str]:
    """How the description of each field begins."""
    found = re.findall(r"^ {8}(\w+) \(.*\):\n\s+(Required|Output only|Optional|Immutable)\.", kind.__doc__ or "", re.M)
    return dict(found)


def sent_differently(asked: Json, message: Any) -> Iterator[str]:
    """What Google's own client would send otherwise."""
    service = re.sub(r"(?<!^)(?=[A-Z])", "_", asked["service"]).lower()
    module = importlib.import_module(f"google.cloud.aiplatform_v1.services.{service}.transports.rest_base")
    transport = getattr(module, f"_Base{asked['service']}RestTransport")
    options = getattr(transport, f"_Base{asked['method']}")._get_http_options()
    wanted = path_template.transcode(options, message)
    whole = json_format.MessageToDict(wanted["body"]) if wanted.get("body") else {}
    sent_body = {name: value for name, value in whole.items() if name not in BOUND}
    query = json_format.MessageToDict(wanted["query_params"])
    own = {"verb": wanted["method"].upper(), "path": unquote(wanted["uri"]), "query": query, "body": sent_body}
    for name, value in own.items():
        if asked[name] != value:
            yield f"{name} is {asked[name]}, and Google's client sends {value}"


def camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(each.title() for each in others)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps([list(problems(each)) for each in json.loads(line)]), flush=True)
