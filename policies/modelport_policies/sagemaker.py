"""Where SageMaker keeps what the controls read: the containers of models, the variants of endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelport_policies.aws import ENDPOINT, ENDPOINT_CONFIGURATION
from modelport_policies.control import NotApplicable
from modelport_policies.relations import is_of, naming
from modelport_policies.resource import Resource, UnknownValueError, at, items, mapping, text, type_of

VARIANTS = ("productionVariants", "shadowProductionVariants")
LIKE_G5 = ("g5", "g6", "g6e")
ACCELERATORS: Mapping[str, int] = {
    f"ml.{machine}": count
    for count, machines in {
        1: [
            *(f"{each}.{size}xlarge" for each in ("g4dn", *LIKE_G5) for size in ("", 2, 4, 8, 16)),
            *("p2.xlarge", "p3.2xlarge", "p5.4xlarge"),
        ],
        4: ["g4dn.12xlarge", *(f"{each}.{size}xlarge" for each in LIKE_G5 for size in (12, 24)), "p3.8xlarge"],
        8: [
            *(f"{each}.48xlarge" for each in (*LIKE_G5, "p5", "p5e", "p5en", "p6-b200")),
            *("p2.8xlarge", "p3.16xlarge", "p3dn.24xlarge", "p4d.24xlarge", "p4de.24xlarge"),
        ],
        16: ["p2.16xlarge"],
    }.items()
    for machine in machines
}
"""How many GPUs kinds of machines have, of those that are known."""


def containers(model: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of a model as (name, container)."""
    if (primary := model.at("primaryContainer")) is not None:
        yield "primaryContainer", mapping(primary)
    for number, container in enumerate(items(model.at("containers"))):
        yield text(at(container, "containerHostname")) or f"containers[{number}]", mapping(container)


def model_data(container: Any) -> Iterator[str]:
    """The URIs of the model that a container has, in the spelling of a model or of a model package."""
    source = at(container, "modelDataSource")
    sources = [*items(at(source, "s3DataSources")), at(source, "s3DataSource")]
    uris = [at(container, "modelDataUrl"), *(at(each, "s3Uri") for each in sources)]
    yield from (text(each) for each in uris if each is not None)


def variants(configuration: Resource, *kinds: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The variants that answer for an endpoint unless `kinds` says more, as (name, variant)."""
    given = [each for kind in kinds or ("productionVariants",) for each in items(configuration.at(kind))]
    return [(text(at(each, "variantName")) or f"variant {number}", mapping(each)) for number, each in enumerate(given)]


def is_serverless(variant: Any) -> bool:
    """Whether a variant has no instances of its own."""
    return at(variant, "serverlessConfig") is not None


def only_serverless(model: Resource) -> bool:
    """Whether the stack's variants of a model have no instances of their own, and there are some."""
    configurations = model.stack.by(type_of).get(ENDPOINT_CONFIGURATION, ())
    given = ((each, kind) for each in configurations for kind in VARIANTS if is_of(each, kind, model))
    using = [each for place in given for _, each in variants(*place) if may_be_of(each, model)]
    return bool(using) and all(map(is_serverless, using))


def may_be_of(variant: Any, model: Resource) -> bool:
    """Whether a variant has the model, or one whose name is not known: so it is where Pulumi names the model."""
    if model.at("name") is None:
        return True
    try:
        return naming(model)(text(at(variant, "modelName")))
    except UnknownValueError:
        return True


def captures(configuration: Resource) -> bool:
    """Whether an endpoint keeps requests or answers, which it does only where it is told to."""
    return configuration.at("dataCaptureConfig", "enableCapture") is True


def of_sagemaker(target: Resource) -> None:
    """Return where a scalable target is one of SageMaker.

    Raises:
        NotApplicable: it is another service's.
    """
    if (service := text(target.at("serviceNamespace"))) != "sagemaker":
        raise NotApplicable(f"it scales {service}")


def endpoints(target: Resource) -> Iterator[Resource]:
    """The endpoints of the stack that a scalable target is of."""
    for endpoint in target.stack.by(type_of).get(ENDPOINT, ()):
        if endpoint.urn in target.dependencies.get("resourceId", ()) or scaled_name(target) == endpoint.at("name"):
            yield endpoint


def scaled_name(target: Resource) -> str:
    """The name of the endpoint that a scalable target is of; nothing where it is of none."""
    kind, _, rest = text(target.at("resourceId")).partition("/")
    return rest.partition("/")[0] if kind == "endpoint" else ""


def follows(scaler: Resource, target: Resource) -> bool:
    """Whether a policy or schedule is for a scalable target."""
    shared = set(scaler.dependencies.get("resourceId", ())) & {target.urn, *target.dependencies.get("resourceId", ())}
    return bool(shared) or scaler.at("resourceId") == target.at("resourceId")
