from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import ConstructRequest, ConstructResponse

from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.spec import Environment, ModelSpec
from modelport.spec.document import Document
from modelport.spec.validation import validate
from modelport.targets.args import ModelServiceArgs
from modelport.targets.kubernetes.target import KubernetesService
from modelport.targets.local.target import LocalService
from modelport.targets.sagemaker.target import SageMakerService
from modelport.targets.service import ModelService
from modelport.targets.vertex.target import VertexService

from .values import Properties, as_input, plain, resolved

NOTHING = PropertyValue({})
COMPONENTS = {
    component.kind: component
    for component in (ModelService, LocalService, KubernetesService, SageMakerService, VertexService)
}


async def construct(request: ConstructRequest) -> ConstructResponse:
    """Make a component of the asked type; its children register with the engine that asked."""
    component = COMPONENTS.get(request.resource_type)
    if component is None:
        raise ModelportError(f"modelport has no component {request.resource_type}. There is: {', '.join(COMPONENTS)}.")
    made = component(request.name, service_args(request.inputs), request.options)
    urn = await made.urn.future()
    state = {name: await resolved(value) for name, value in made.outputs.items()}
    return ConstructResponse(str(urn), state, {})


def service_args(inputs: Properties) -> ModelServiceArgs:
    """The arguments of a component from the inputs that a program in any language gave.

    Raises:
        ConfigError: everything that is wrong with `spec` or with `environment`.
        ModelportError: something that decides what is made is not known before other resources exist.
    """
    spec = validate(ModelSpec, Document.of(_known("spec", inputs.get("spec", NOTHING)), "spec"))
    given = dict(inputs.get("environment", NOTHING).value)
    existing = {name: as_input(value) for name, value in given.pop("existing", NOTHING).value.items()}
    running = {"stack": pulumi.get_stack(), "project": pulumi.get_project(), "existing": existing}
    environment = {**running, **_known("environment", PropertyValue(given))}
    return ModelServiceArgs(spec, validate(Environment, Document.of(environment, "environment")))


def _known(name: str, value: PropertyValue) -> Any:
    """The plain value of an input that is known throughout."""
    known = plain(value)
    if path := _unknown(known, name):
        remedy = "Give it as plain data: it decides what is made."
        raise ModelportError(f"{path} is not known before other resources exist.\n  {remedy}")
    return known


def _unknown(value: Any, path: str) -> str | None:
    """The path of the first unknown value."""
    if value == UNKNOWN:
        return path
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in items if (found := _unknown(item, f"{path}.{key}"))), None)
