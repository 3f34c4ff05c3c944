"""The members of botocore's shapes, and how what a provider says gets into them."""

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape
from pulumi.runtime import rpc


def put(structure: dict[str, Any], shape: Shape, place: str, value: Any) -> None:
    """Set what takes a place, such as `Budget.BudgetLimit.Amount`; a list on the way has one item.

    What nothing takes, or something else has taken, is there by its own name, which the model does not know.
    """
    name, _, rest = place.partition(".")
    found = member(shape, name)
    if not found or (found in structure and not rest):
        structure[place] = value
        return
    inner = shape.members[found]
    if not rest:
        structure[found] = fit(inner, value)
    elif inner.type_name == "map":
        structure.setdefault(found, {})[rest] = value if isinstance(value, str) else json.dumps(value)
    elif inner.type_name == "list":
        put(structure.setdefault(found, [{}])[0], inner.member, rest, value)
    else:
        put(structure.setdefault(found, {}), inner, rest, value)


def member(shape: Shape, name: str) -> str | None:
    """The member of a structure that goes by a name, in any case; a provider says `rule` or `rules` of `Rules`."""
    if shape.type_name != "structure":
        return None
    members = {each.lower(): each for each in shape.members}
    asked = name.lower()
    return members.get(asked) or members.get(f"{asked}s") or members.get(asked.removesuffix("s"))


def fit(shape: Shape, value: Any) -> Any:
    """A value in the names of a shape and wrapped as it wants it; what does not fit stays as it is."""
    value = rpc.unwrap_rpc_secret(value)
    match shape.type_name, value:
        case "structure", [Mapping() as only]:
            return fit(shape, only)
        case "structure", Mapping():
            fitted: dict[str, Any] = {}
            for name, each in value.items():
                put(fitted, shape, name, each)
            return fitted
        case "structure", _ if len(shape.members) == 1:
            return fit(shape, dict.fromkeys(shape.members, value))
        case "list", Mapping():
            return fit_to_list(shape.member, value)
        case "list", list():
            return [fit(shape.member, each) for each in value]
        case "map", Mapping():
            return {name: fit(shape.value, each) for name, each in value.items()}
        case "map", list() if all(isinstance(each, Mapping) and each.keys() == {"name", "values"} for each in value):
            return {each["name"]: each["values"] for each in value}
        case "integer" | "long", float() if value.is_integer():
            return int(value)
        case "double", str() if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value)
        case "string", Mapping() if "policy" in shape.name.lower():
            return json.dumps(value)
    return value


def fit_to_list(item: Shape, value: Mapping[str, Any]) -> list[Any]:
    """Tags, dimensions and the like are pairs; anything else is the one item of the list."""
    names = list(getattr(item, "members", ()))
    if len(names) == 2 and names[1].endswith("Value") and not all(member(item, name) for name in value):
        return [dict(zip(names, pair, strict=True)) for pair in value.items()]
    return [fit(item, value)]
