"""JSON Schemas and the reference page, from the types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .environment import NAMESPACE, REGION_KEYS, StackConfig
from .service import ModelSpec

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
INTRODUCTION = """\
# Config reference

What a service file (`stacks/services/<name>.yaml`) and a stack file (`Pulumi.<stack>.yaml`) may say. Only
`metadata.name` and `model.source` are required; `modelport explain FILE` prints every value and where it comes from.
Durations are a number and `ms`, `s`, `m`, `h` or `d`; memory is a number and `Ki`, `Mi`, `Gi` or `Ti`.
An editor that knows YAML schemas completes and checks with `service.schema.json` and `stack.schema.json` beside this
page.

This page is generated from the types in `components/modelport/spec`: change it there, then run `scripts/generate.py`.
"""


def service_schema() -> str:
    """JSON Schema of a service file."""
    return _json({"$schema": DIALECT, **ModelSpec.model_json_schema()})


def stack_schema() -> str:
    """JSON Schema of a stack file: the `modelport:` keys of its config; keys of other namespaces are free."""
    keys = StackConfig.model_json_schema()
    properties = {NAMESPACE + name: schema for name, schema in keys["properties"].items()}
    regions = {key: {"type": "string", "description": f"Region of {target}."} for key, target in REGION_KEYS.items()}
    config = {
        "type": "object",
        "description": keys["description"],
        "properties": {**properties, **regions},
        "patternProperties": {f"^(?!{NAMESPACE})": {}},
        "additionalProperties": False,
    }
    stack = {"title": "Stack file", "type": "object", "properties": {"config": config}, "$defs": keys["$defs"]}
    return _json({"$schema": DIALECT, **stack})


def reference_page() -> str:
    """Every field with type, default and meaning, as Markdown."""
    service, stack = json.loads(service_schema()), json.loads(stack_schema())
    stack_fields = {**stack["properties"]["config"], "required": []}
    return "\n".join(
        [
            INTRODUCTION,
            *_section("Service file", service, service["$defs"], ""),
            *_section("Stack file", stack_fields, stack["$defs"], ""),
        ]
    )


def _section(title: str, schema: Schema, definitions: Schema, prefix: str) -> Iterator[str]:
    """A table of the leaves of a section, then its subsections."""
    yield from (f"{'##' if not prefix else '###'} {title}", "", schema["description"], "")
    below: list[tuple[str, Schema, str]] = []
    rows: list[str] = []
    for name, field in schema["properties"].items():
        kind, path = _resolved(field, definitions), prefix + name
        inner = _resolved(_inner(kind), definitions)
        if "properties" in kind:
            below.append((path, {**kind, "description": field.get("description", kind["description"])}, f"{path}."))
            continue
        if "properties" in inner:
            item = f"{path}[]" if kind["type"] == "array" else f"{path}.NAME"
            below.append((item, inner, f"{item}."))
        meaning = " ".join(field.get("description", "").split())
        rows.append(f"| `{path}` | {_type(kind, definitions)} | {_default(name, field, schema)} | {meaning} |")
    if rows:
        yield from ("| field | type | default | meaning |", "|---|---|---|---|", *rows, "")
    for path, kind, inner_prefix in below:
        yield from _section(f"`{path}`", kind, definitions, inner_prefix)


def _resolved(schema: Any, definitions: Schema) -> Schema:
    """The schema behind references and optional values; nothing where anything is allowed."""
    if not isinstance(schema, dict):
        return {}
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return _resolved(schema["anyOf"][0], definitions)
    return schema


def _inner(kind: Schema) -> Any:
    """The schema of the items of a list, or of the values of a map."""
    by_name = next(iter(kind.get("patternProperties", {}).values()), None)
    return kind.get("items") or by_name or kind.get("additionalProperties")


def _type(kind: Schema, definitions: Schema) -> str:
    """What is allowed, in a few words."""
    if "const" in kind or "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind.get("enum", [kind.get("const")]))
    if kind.get("type") == "array":
        inner = _resolved(kind["items"], definitions)
        return "list of sections" if "properties" in inner else f"list of {_type(inner, definitions)}"
    if kind.get("type") == "object":
        return "map"
    words = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "string": "text"}
    return " ".join([words[kind["type"]], *_bounds(kind)])


def _bounds(kind: Schema) -> Iterator[str]:
    names = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    yield from (f"{word} {kind[key]}" for key, word in names.items() if key in kind)
    if "$comment" in kind:
        yield kind["$comment"]


def _default(name: str, field: Schema, schema: Schema) -> str:
    if name in schema.get("required", []):
        return "**required**"
    value = field.get("default")
    return "" if value in (None, [], {}) else f"`{json.dumps(value)}`"


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
