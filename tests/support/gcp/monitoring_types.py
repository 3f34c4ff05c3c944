"""Judges what Cloud Monitoring is given by Google's own types; runs in the environment of vendor-models.txt.

Standard input is a list of pairs: the name of a type, and what is sent of it; standard output is what is wrong with
each.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from google.cloud import monitoring_dashboard_v1, monitoring_v3
from google.protobuf import json_format


def problems(name: str, sent: Any) -> Iterator[str]:
    kind = monitoring_dashboard_v1.Dashboard if name == "Dashboard" else getattr(monitoring_v3, name)
    message = kind.pb(kind())
    try:
        json_format.ParseDict(sent, message)
    except json_format.ParseError as error:
        yield str(error)
        return
    again = json_format.MessageToDict(message)
    if bare(again) != bare(sent):
        yield f"is understood as {json.dumps(again, sort_keys=True)}"


def bare(value: Any) -> Any:
    """Without what is 0, which nobody needs to send."""
    if isinstance(value, dict):
        return {key: bare(each) for key, each in value.items() if each != 0 or isinstance(each, bool)}
    return [bare(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(json.dumps([list(problems(*each)) for each in json.load(sys.stdin)]))
