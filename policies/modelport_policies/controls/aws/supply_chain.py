"""SUP on AWS: which images and models a SageMaker model is made of, and how ECR and S3 keep them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from modelport_policies.aws import (
    BUCKET_VERSIONING,
    CLOUD_CONTROL,
    IMAGE_LIFECYCLE,
    MODEL_PACKAGE,
    REGISTRY_SCANNING,
    SIGNING,
    cloud_control,
)
from modelport_policies.control import NotApplicable
from modelport_policies.images import DIGEST, SHA256, has_digest, not_from_here
from modelport_policies.relations import belonging
from modelport_policies.resource import Resource, at, document, is_set, items, text, type_of
from modelport_policies.sagemaker import containers, model_data

ECR = re.compile(r"\d{12}\.dkr[.-]ecr")
SCANNING = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


def images_are_pinned(model: Resource) -> Iterable[str]:
    """`image` of every container ends in `@sha256:` and 64 hex digits, unless a model package has it."""
    for name, image in images(model):
        if not has_digest(image):
            yield f"{name} runs {image or 'no image'}, which is not pinned by digest"


def images_come_from_here(model: Resource) -> Iterable[str]:
    """`image` of every container begins with one of parameter `registries`; without any, it is of no registry that is
    open to everybody. Where it is not of ECR, `imageConfig.repositoryAccessMode` is `Vpc`.
    """
    yield from not_from_here(images(model), model.parameters["registries"])
    for name, container in containers(model):
        in_vpc = at(container, "imageConfig", "repositoryAccessMode") == "Vpc"
        if is_set(container, "image") and not in_vpc and not ECR.match(text(at(container, "image"))):
            yield f"{name} is pulled from outside the VPC"


def images(model: Resource) -> Iterator[tuple[str, str]]:
    """What SageMaker pulls for a model, as (what for, image).

    Raises:
        NotApplicable: model packages have all of it.
    """
    own = [(name, one) for name, one in containers(model) if is_set(one, "image") or not is_packaged(one)]
    if not own:
        raise NotApplicable("its images are those of model packages")
    return ((name, text(at(one, "image"))) for name, one in own)


def is_packaged(container: Any) -> bool:
    """Whether a container is one of a model package, which never changes."""
    return is_set(container, "modelPackageName")


def repository_is_scanned(repository: Resource) -> Iterable[str]:
    """`imageScanningConfiguration.scanOnPush` is true, or a rule of a `RegistryScanningConfiguration` of the stack is
    for the repository, `SCAN_ON_PUSH` or `CONTINUOUS_SCAN`.
    """
    on_push = repository.at("imageScanningConfiguration", "scanOnPush") is True
    if not on_push and not any(fnmatchcase(text(repository.at("name")), each) for each in scanned(repository)):
        yield "nothing scans the images that come to it"


def scanned(repository: Resource) -> Iterator[str]:
    """The patterns of the repositories that the registry scans by itself."""
    for configuration in repository.stack.by(type_of).get(REGISTRY_SCANNING, ()):
        for rule in items(configuration.at("rules")):
            if at(rule, "scanFrequency") in SCANNING:
                yield from (text(at(each, "filter")) for each in items(at(rule, "repositoryFilters")))


def repository_is_signed(repository: Resource) -> Iterable[str]:
    """A rule of the registry's signing configuration (an `AWS::ECR::SigningConfiguration` of the stack) is for the
    repository, unless parameter `signing` says that another stack has it.
    """
    if profile := text(repository.parameters["signing"]):
        raise NotApplicable(f"{profile} signs it")
    if not any(signs(rule, repository) for rule in signing_rules(repository)):
        yield "nothing signs the images that come to it"


def signing_rules(repository: Resource) -> Iterator[Any]:
    """The rules of the stack by which ECR signs what is pushed."""
    for each in repository.stack.by(type_of).get(CLOUD_CONTROL, ()):
        if each.at("typeName") == SIGNING:
            yield from items(cloud_control(each, (SIGNING,)).get("rules"))


def signs(rule: Any, repository: Resource) -> bool:
    """Whether a rule has a profile, and is for a repository: one without filters is for all."""
    filters = [text(at(each, "filter")) for each in items(at(rule, "repositoryFilters"))] or ["*"]
    return is_set(rule, "signingProfileArn") and any(fnmatchcase(text(repository.at("name")), each) for each in filters)


def tags_are_immutable(repository: Resource) -> Iterable[str]:
    """`imageTagMutability` is `IMMUTABLE`."""
    if (kind := text(repository.at("imageTagMutability")) or "MUTABLE") != "IMMUTABLE":
        yield f"its tags are {kind}: one may name another image tomorrow"


def repository_is_tidied(repository: Resource) -> Iterable[str]:
    """A `LifecyclePolicy` of the stack is for the repository."""
    if not any(belonging(repository, IMAGE_LIFECYCLE, "repository")):
        yield "images that no tag names any more are kept for ever"


def lifecycle_expires_untagged(lifecycle: Resource) -> Iterable[str]:
    """A rule of `policy` expires images with `tagStatus` `untagged` or `any`."""
    rules = items(at(document(lifecycle.at("policy")), "rules"))
    expired = [text(at(each, "selection", "tagStatus")) for each in rules if at(each, "action", "type") == "expire"]
    if not {"untagged", "any"} & set(expired):
        yield "no rule expires images that no tag names any more"


def bucket_keeps_versions(bucket: Resource) -> Iterable[str]:
    """A `BucketVersioning` of the stack is for the bucket, or its own `versioning` is enabled."""
    if not any(belonging(bucket, BUCKET_VERSIONING, "bucket")) and bucket.at("versioning", "enabled") is not True:
        yield "what is written over is lost: the bucket keeps no versions"


def versioning_is_on(versioning: Resource) -> Iterable[str]:
    """`versioningConfiguration.status` is `Enabled`."""
    if (status := versioning.at("versioningConfiguration", "status")) != "Enabled":
        yield f"versioning is {text(status) or 'not said to be on'}"


def model_data_is_pinned(model: Resource) -> Iterable[str]:
    """Where a container has model data, `MODELPORT_DIGEST` of its `environment` is `sha256:` and 64 hex digits, or the
    URI of the data has a sha256. A version of a model package never changes.
    """
    own = [(name, one) for name, one in containers(model) if list(model_data(one))]
    if not own:
        raise NotApplicable("no container of it has model data of its own")
    for name, container in own:
        digests = text(at(container, "environment", "MODELPORT_DIGEST")).split(",")
        in_uri = all(SHA256.search(each) for each in model_data(container))
        if not in_uri and not all(DIGEST.fullmatch(each) for each in digests):
            yield f"{name}: neither MODELPORT_DIGEST nor the URI pins the model's content"


def model_is_approved(model: Resource) -> Iterable[str]:
    """Every container is of a model package, or its data is what an approved `AWS::SageMaker::ModelPackage` of the
    stack has, or begins like one of parameter `models`.
    """
    for name, container in containers(model):
        if is_packaged(container):
            continue
        for uri in model_data(container):
            if not uri.startswith(tuple(model.parameters["models"])) and uri not in approved(model):
                yield f"{name} has {uri}, which no registry has approved"


def approved(model: Resource) -> set[str]:
    """The URIs of the data of the stack's approved model packages."""
    packages = [each for each in model.stack.by(type_of).get(CLOUD_CONTROL, ()) if each.at("typeName") == MODEL_PACKAGE]
    described = [cloud_control(each, (MODEL_PACKAGE,)) for each in packages]
    return {uri for each in described if is_approved(each) for uri in packaged(each)}


def packaged(package: Mapping[str, Any]) -> Iterator[str]:
    """The URIs of the data of a model package."""
    for container in items(at(package, "inferenceSpecification", "containers")):
        yield from model_data(container)


def package_is_approved(resource: Resource) -> Iterable[str]:
    """`ModelApprovalStatus` of a model package in `desiredState` is `Approved`."""
    if not is_approved(cloud_control(resource, (MODEL_PACKAGE,))):
        yield "nobody has approved the model package"


def is_approved(package: Mapping[str, Any]) -> bool:
    """Whether somebody has approved a model package."""
    return bool(at(package, "modelApprovalStatus") == "Approved")
