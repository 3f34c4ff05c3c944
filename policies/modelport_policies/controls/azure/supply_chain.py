"""SUP on Azure: which images and models a deployment is made of, and how registries and storage keep them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelport_policies.azure import BLOB_SERVICE, MODEL_VERSION
from modelport_policies.control import NotApplicable
from modelport_policies.images import DIGEST, SHA256, has_digest, not_from_here
from modelport_policies.relations import belonging, owners
from modelport_policies.resource import Resource, is_set, text

LABEL = re.compile(r"@[\w-]+$|/labels/")
"""What the name of a model has where it is for the newest version, or another that may change."""
REGISTRIES = ("Containers", "ContainerRegistry")


def image_is_pinned(environment: Resource) -> Iterable[str]:
    """`properties.image` ends in `@sha256:` and 64 hex digits; `properties.build` makes another at any time."""
    if not has_digest(image := image_of(environment)):
        yield f"the environment runs {image or 'what is built for it'}, which is not pinned by digest"


def image_of(environment: Resource) -> str:
    """The image of an environment, none where it is built.

    Raises:
        NotApplicable: there is neither.
    """
    if not is_set(environment.inputs, "properties", "image") and not is_set(environment.inputs, "properties", "build"):
        raise NotApplicable("it has no image")
    return text(environment.at("properties", "image"))


def image_comes_from_here(environment: Resource) -> Iterable[str]:
    """`properties.image` begins with one of parameter `registries`; without any, it is of no registry that is open to
    everybody.
    """
    if not (image := image_of(environment)):
        raise NotApplicable("its image is built, and goes to the registry of the workspace")
    yield from not_from_here([("the environment", image)], environment.parameters["registries"])


def plan_scans_images(plan: Resource) -> Iterable[str]:
    """`pricingTier` of the plans `Containers` and `ContainerRegistry` of Defender is `Standard`: it scans the images of
    all registries.
    """
    if (name := plan.at("pricingName")) not in REGISTRIES:
        raise NotApplicable(f"the plan {text(name)} is not about registries")
    if (tier := plan.at("pricingTier")) != "Standard":
        yield f"the plan {text(name)} is {text(tier) or 'not said to be on'}: nothing scans the images of registries"


def registry_checks_images(registry: Resource) -> Iterable[str]:
    """`policies.quarantinePolicy.status` or `policies.trustPolicy.status` is `enabled`."""
    if not any(registry.at("policies", each, "status") == "enabled" for each in ("quarantinePolicy", "trustPolicy")):
        yield "images can be pulled before anybody has checked or signed them"


def registry_is_tidied(registry: Resource) -> Iterable[str]:
    """`policies.retentionPolicy.status` is `enabled`."""
    if registry.at("policies", "retentionPolicy", "status") != "enabled":
        yield "images that no tag names any more are kept for ever"


def account_keeps_versions(account: Resource) -> Iterable[str]:
    """`BlobServiceProperties` of the stack are for the storage account, unless `isHnsEnabled`, with which there are no
    versions.
    """
    if account.at("isHnsEnabled") is True:
        raise NotApplicable("storage with folders keeps no versions")
    if not any(belonging(account, BLOB_SERVICE, "accountName")):
        yield "what is written over is lost: nothing says that blobs have versions"


def versioning_is_on(service: Resource) -> Iterable[str]:
    """`isVersioningEnabled` is true."""
    if service.at("isVersioningEnabled") is not True:
        yield "what is written over is lost: blobs have no versions"


def model_is_pinned(deployment: Resource) -> Iterable[str]:
    """`properties.model` names a version, not a label; `MODELPORT_DIGEST` of `environmentVariables` is `sha256:` and 64
    hex digits, or the `modelUri` of the stack's `ModelVersion` that it comes from has a sha256.
    """
    if not is_set(deployment.inputs, "properties", "model"):
        raise NotApplicable("it has no model of a workspace or registry")
    versions = list(versions_of(deployment))
    if not versions and LABEL.search(model := text(deployment.at("properties", "model"))):
        yield f"{model} may be another model tomorrow"
    digests = text(deployment.at("properties", "environmentVariables", "MODELPORT_DIGEST")).split(",")
    in_uri = any(SHA256.search(text(each.at("properties", "modelUri"))) for each in versions)
    if not in_uri and not all(DIGEST.fullmatch(each) for each in digests):
        yield "neither MODELPORT_DIGEST nor the URI of the model pins its content"


def versions_of(deployment: Resource) -> Iterator[Resource]:
    """The stack's versions of models that a deployment is made from."""
    return owners(deployment, "properties", MODEL_VERSION)


def model_is_approved(deployment: Resource) -> Iterable[str]:
    """`properties.model` is a `ModelVersion` of the stack, or begins like one of parameter `models`."""
    if any(versions_of(deployment)):
        return
    model = text(deployment.at("properties", "model"))
    if not model.startswith(tuple(deployment.parameters["models"])):
        yield f"it serves {model or 'what is in its image'}, which no registry has approved"


def version_is_approved(version: Resource) -> Iterable[str]:
    """`properties.stage` is `Production`."""
    if (stage := version.at("properties", "stage")) != "Production":
        yield f"nobody has approved the model for production: its stage is {text(stage) or 'not given'}"
