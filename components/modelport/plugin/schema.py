"""The package's schema, generated from the types that judge the inputs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from modelport.providers import package
from modelport.providers.crud import Crud
from modelport.providers.resources import RESOURCES
from modelport.spec import Environment, ModelSpec

from .components import COMPONENTS

Schema = dict[str, Any]

SCALARS = ("string", "integer", "number", "boolean")
STRING = {"type": "string"}
OUTPUT_TYPES: Schema = {
    **{name: {"type": name} for name in SCALARS},
    "strings": {"type": "array", "items": STRING},
    "map": {"type": "object", "additionalProperties": STRING},
}
ANY = {"$ref": "pulumi.json#/Any"}
KNOWN_TO_STACK = {("Environment", "stack")}


def package_schema() -> Schema:
    """The Pulumi package schema of the plugin."""
    types: Schema = {}
    spec, environment = (_object_type(model, types) for model in (ModelSpec, Environment))
    component_inputs = {"spec": spec, "environment": environment}
    return {
        "name": package.NAME,
        "version": package.VERSION,
        "description": "Model-serving services: one config, equivalent stacks on several targets.",
        "pluginDownloadURL": package.DOWNLOAD_URL,
        "types": types,
        "resources": {
            **{resource.kind: _resource(resource, types) for resource in RESOURCES.values()},
            **{
                component.kind: {
                    "isComponent": True,
                    "description": (component.__doc__ or "").partition("\n")[0],
                    "inputProperties": component_inputs,
                    "requiredInputs": sorted(component_inputs),
                    "properties": dict.fromkeys(component.OUTPUTS, ANY),
                    "required": list(component.OUTPUTS),
                }
                for component in COMPONENTS.values()
            },
        },
    }


def _object_type(model: type[BaseModel], types: Schema) -> Schema:
    """A reference to the type of a model; adds it, and those it consists of, to `types`."""
    schema = model.model_json_schema(by_alias=True, ref_template="{model}")
    _add_types({**schema.pop("$defs", {}), model.__name__: schema}, types)
    return {"$ref": f"#/types/{_type_token(model.__name__)}"}


def _add_types(definitions: Schema, types: Schema) -> None:
    for name, definition in definitions.items():
        types[_type_token(name)] = {
            "type": "object",
            "description": definition.get("description", ""),
            "properties": _properties(definition),
            # What the running stack knows need not be said again.
            "required": [
                field for field in definition.get("required", []) if (name, field) != ("Environment", "stack")
            ],
        }


def _resource(resource: Crud, types: Schema) -> Schema:
    schema = resource.model.model_json_schema(by_alias=True, ref_template="{model}")
    _add_types(schema.pop("$defs", {}), types)
    inputs, required = _properties(schema), schema["required"]
    given = {name: OUTPUT_TYPES[kind.rstrip("?")] for name, kind in resource.outputs.items()}
    always = [name for name, kind in resource.outputs.items() if not kind.endswith("?")]
    return {
        "description": (resource.__doc__ or "").partition("\n")[0].partition("`: ")[2],
        "inputProperties": inputs,
        "requiredInputs": required,
        "properties": {**inputs, **given},
        "required": sorted({*required, *always}),
    }


def _properties(definition: Schema) -> Schema:
    return {
        name: {**_property_type(value), **({"description": value["description"]} if "description" in value else {})}
        for name, value in definition.get("properties", {}).items()
    }


def _property_type(value: Schema) -> Schema:
    if "anyOf" in value:
        value = next(choice for choice in value["anyOf"] if choice.get("type") != "null")
    if "$ref" in value:
        return {"$ref": f"#/types/{_type_token(value['$ref'])}"}
    if value.get("type") == "array":
        return {"type": "array", "items": _property_type(value["items"])}
    if value.get("type") == "object":
        held = value.get("additionalProperties") or next(iter(value.get("patternProperties", {}).values()), None)
        return {"type": "object", "additionalProperties": _property_type(held) if isinstance(held, dict) else ANY}
    return {"type": value["type"]} if value.get("type") in SCALARS else ANY


def _type_token(name: str) -> str:
    return f"{package.NAME}:index:{name}"
