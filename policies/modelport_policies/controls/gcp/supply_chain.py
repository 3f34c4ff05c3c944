"""SUP on Google Cloud: which images and models Vertex runs, and how Artifact Registry and Cloud Storage keep them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.gcp import container_of
from modelport_policies.images import DIGEST, SHA256, has_digest, not_from_here
from modelport_policies.resource import Resource, at, items, text

ASKED = ("REQUIRE_ATTESTATION", "ALWAYS_DENY")
ENFORCED = "ENFORCED_BLOCK_AND_AUDIT_LOG"


def image_is_pinned(model: Resource) -> Iterable[str]:
    """`imageUri` of `containerSpec` ends in `@sha256:` and 64 hex digits."""
    if not has_digest(image := image_of(model)):
        yield f"it runs {image or 'no image'}, which is not pinned by digest"


def image_comes_from_here(model: Resource) -> Iterable[str]:
    """`imageUri` of `containerSpec` begins with one of parameter `registries`; without any, it is of no registry that
    is open to everybody.
    """
    yield from not_from_here([("its image", image_of(model))], model.parameters["registries"])


def image_of(model: Resource) -> str:
    """The image that a model runs.

    Raises:
        NotApplicable: it is Google's for a model of Model Garden.
    """
    if (container := container_of(model)) is None:
        raise NotApplicable("its image is the one of Model Garden")
    return text(at(container, "imageUri"))


def has_images(repository: Resource) -> None:
    """Return where images are put into a repository.

    Raises:
        NotApplicable: it is for something else, or shows what is in others.
    """
    if (kind := text(repository.at("format"))) != "DOCKER":
        raise NotApplicable(f"it is for {kind}")
    if (mode := text(repository.at("mode")) or "STANDARD_REPOSITORY") != "STANDARD_REPOSITORY":
        raise NotApplicable(f"a {mode} has what is in others")


def repository_is_scanned(repository: Resource) -> Iterable[str]:
    """`vulnerabilityScanningConfig.enablementConfig` is not `DISABLED`, for images."""
    has_images(repository)
    if repository.at("vulnerabilityScanningConfig", "enablementConfig") == "DISABLED":
        yield "nothing scans the images that come to it"


def tags_are_immutable(repository: Resource) -> Iterable[str]:
    """`dockerConfig.immutableTags` is true, for images."""
    has_images(repository)
    if repository.at("dockerConfig", "immutableTags") is not True:
        yield "a tag may name another image tomorrow"


def repository_is_tidied(repository: Resource) -> Iterable[str]:
    """`cleanupPolicies` has one with the `action` `DELETE`, and `cleanupPolicyDryRun` is not true."""
    has_images(repository)
    if not any(at(each, "action") == "DELETE" for each in items(repository.at("cleanupPolicies"))):
        yield "images that no tag names any more are kept for ever"
    elif repository.at("cleanupPolicyDryRun") is True:
        yield "what its cleanup policies would delete is kept: they run dry"


def image_policy_is_enforced(policy: Resource) -> Iterable[str]:
    """`defaultAdmissionRule`, and each of `clusterAdmissionRules`, has the `evaluationMode` `REQUIRE_ATTESTATION` with
    `requireAttestationsBies`, or `ALWAYS_DENY`, and is enforced.
    """
    for rule in (policy.at("defaultAdmissionRule"), *items(policy.at("clusterAdmissionRules"))):
        where = text(at(rule, "cluster")) or "by default"
        mode = text(at(rule, "evaluationMode"))
        if mode not in ASKED:
            yield f"{where}: {mode or 'no mode'} lets images run that nobody has signed"
        elif mode == ASKED[0] and not items(at(rule, "requireAttestationsBies")):
            yield f"{where}: requireAttestationsBies says nobody who has to have signed"
        if at(rule, "enforcementMode") != ENFORCED:
            yield f"{where}: images without the signature are reported, and run"


def bucket_keeps_versions(bucket: Resource) -> Iterable[str]:
    """`versioning.enabled` is true."""
    if bucket.at("versioning", "enabled") is not True:
        yield "what is written over is lost: the bucket keeps no versions"


def model_is_pinned(model: Resource) -> Iterable[str]:
    """Where there is an `artifactUri`, or a variable `MODELPORT_MODEL` in `containerSpec.env`, `MODELPORT_DIGEST` there
    is `sha256:` and 64 hex digits, or the URI has a sha256.
    """
    given = {text(at(each, "name")): at(each, "value") for each in items(at(container_of(model), "env"))}
    uri = text(given.get("MODELPORT_MODEL") or model.at("artifactUri"))
    if not uri:
        raise NotApplicable("it names no model outside its image")
    if not SHA256.search(uri) and not is_digest(given.get("MODELPORT_DIGEST")):
        yield "neither MODELPORT_DIGEST nor the URI pins the model's content"


def is_digest(value: Any) -> bool:
    """Whether a setting has the digest of each model, with commas between them."""
    return all(DIGEST.fullmatch(each) for each in text(value).split(","))


def model_is_approved(model: Resource) -> Iterable[str]:
    """`artifactUri` begins like one of parameter `models`, if it names some."""
    if not (models := model.parameters["models"]):
        raise NotApplicable("it is in the registry of models, and the parameter models names no other place")
    if not (uri := text(model.at("artifactUri"))).startswith(tuple(models)):
        yield f"it is {uri or 'of its image'}, which is not where approved models are"


def garden_model_is_approved(deployment: Resource) -> Iterable[str]:
    """`publisherModelName`, or `huggingFaceModelId`, begins like one of parameter `models`; without any, it is the
    former: on Hugging Face everybody puts models.
    """
    models = tuple(deployment.parameters["models"])
    name = text(deployment.at("publisherModelName") or deployment.at("huggingFaceModelId"))
    if models and not name.startswith(models):
        yield f"{name} is not among approved models"
    elif not models and not text(deployment.at("publisherModelName")):
        yield f"{name} is of Hugging Face, where everybody puts models"
