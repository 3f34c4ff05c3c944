"""What the annotation ``pulumi.com/waitFor`` asks for: conditions and fields, in the words of ``kubectl wait``."""

import json
import re
from typing import Any

from modelport_engine.kubernetes.awaiting.readiness import READY, Verdict, condition
from modelport_engine.kubernetes.failures import ClusterError
from modelport_engine.kubernetes.objects import WAIT_FOR, Object, annotation

FIELD = re.compile(r"\{?\.?([^{}=]+?)\}?(?:=(.*))?")
PART = re.compile(r"""\[['"]?([^\]'"]+)['"]?\]|\.?((?:[^.\[\]\\]|\\.)+)""")
WANTED = "condition=TYPE, condition=TYPE=STATUS, jsonpath={.PATH} or jsonpath={.PATH}=VALUE, or a JSON list of these"


def expressions(object: Object) -> list[str]:
    """What an object's annotation asks for; empty without one. Raises ClusterError when it cannot be understood."""
    text = annotation(object, WAIT_FOR)
    if not text:
        return []
    try:
        given = json.loads(text) if text.startswith("[") else [text]
    except ValueError:
        given = []
    wanted = [each for each in given if isinstance(each, str) and _is_known(each)]
    if not given or wanted != given:
        raise ClusterError(f"annotation {WAIT_FOR}: {text} is not understood; it takes {WANTED}")
    return wanted


def fulfilled(live: Object, wanted: list[str]) -> Verdict:
    """Whether an object is as the expressions say."""
    missing = [each for each in wanted if not _holds(live, each)]
    return Verdict(False, f"waiting for {', '.join(missing)}") if missing else READY


def _is_known(expression: str) -> bool:
    kind, _, rest = expression.partition("=")
    return (kind == "condition" and bool(rest)) or (
        kind == "jsonpath" and bool(FIELD.fullmatch(rest)) and "?" not in rest
    )


def _holds(live: Object, expression: str) -> bool:
    kind, _, rest = expression.partition("=")
    if kind == "condition":
        name, _, status = rest.partition("=")
        return str(condition(live, name).get("status", "")).lower() == (status or "True").lower()
    found = FIELD.fullmatch(rest)
    assert found
    value = _at(live, found[1])
    return value is not None if found[2] is None else _text(value) == found[2]


def _at(value: Any, path: str) -> Any:
    for index, name in PART.findall(path):
        if isinstance(value, list) and index.isdigit():
            value = value[int(index)] if int(index) < len(value) else None
        else:
            key = index or name.replace("\\.", ".")
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
