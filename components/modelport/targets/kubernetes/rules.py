"""What the cluster asks of a service and its stack beyond the capability rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelport.plan import Objection, Placement, Release, place
from modelport.plan.placement import POOLS
from modelport.plan.release import releases
from modelport.spec import Environment, ModelSpec

from .exposure.release_rules import release_rules
from .exposure.rules import exposure_rules
from .monitoring.rules import alerts_rules
from .pods import store
from .pods.surge import surge
from .scaling.rules import scaling_rules

PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
LAYOUT = "oci-layout:"
EXISTING = "modelport:existing"
IMAGE, GPU_IMAGE = "modelport:image", "modelport:gpuImage"
NAMESPACED = {
    "role": "role",
    "pullSecret": "pull_secret",
    "storeSecret": "store_secret",
    "ca": "ca",
    "claim": "claim",
    "tokens": "tokens",
    "jwtKeys": "jwt_keys",
}


def rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """Everything that is wrong."""
    live = releases(spec, environment)
    yield from _stack_image(live, spec, environment)
    yield from _room(live, spec, environment)
    for release in live:
        yield from _own_image(release, spec, environment)
        yield from _delivery(release, spec, environment)
    yield from _in_no_namespace(environment)
    yield from scaling_rules(spec, environment)
    yield from exposure_rules(spec, environment)
    yield from release_rules(spec, environment)
    yield from alerts_rules(spec, environment)
    bucket = environment.existing.bucket
    if isinstance(bucket, str) and not store.BUCKET.fullmatch(bucket):
        alternative = "Write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or azblob://ACCOUNT/CONTAINER/PREFIX."
        yield Objection(f"{EXISTING}.bucket", bucket, "pods cannot tell which store this is", alternative)


def image_of(spec: ModelSpec, environment: Environment) -> tuple[str, str | None]:
    """Where a stack names the serving image of a service, and what it says."""
    if spec.compute.accelerator and environment.gpu_image:
        return GPU_IMAGE, environment.gpu_image
    return IMAGE, environment.image


def _in_no_namespace(environment: Environment) -> Iterator[Objection]:
    """What lies in a namespace cannot be there before the namespace is."""
    existing = environment.existing
    given = {name: getattr(existing, field) for name, field in NAMESPACED.items()}
    for name, value in given.items():
        if value is not None and existing.namespace is None:
            reason = "it lies in a namespace, and the service gets a new one of its own"
            shown = value if isinstance(value, str) else None
            yield Objection(f"{EXISTING}.{name}", shown, reason, f"Name the namespace in {EXISTING}.namespace.")


def _stack_image(live: tuple[Release, ...], spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    path, image = image_of(spec, environment)
    if image is None:
        if any(release.image is None for release in live):
            alternative = "`make image` writes one as an OCI layout and prints its digest."
            yield Objection(path, None, "pods run from an image, and the stack names none", alternative)
    elif not PINNED.fullmatch(image):
        yield _unpinned(path, image)
    elif image.startswith(LAYOUT) and environment.existing.registry is None:
        reason = "nodes cannot pull from a folder of this machine"
        alternative = "Set modelport:existing.registry: the image is copied there."
        yield Objection(path, image, reason, alternative)


def _room(live: tuple[Release, ...], spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """New pods come before old ones go: without room for them an update would wait for ever."""
    gpu, most = spec.compute.accelerator, spec.scaling.max
    where = place(gpu, environment.gpu_pools.pools) if gpu else None
    if not isinstance(where, Placement) or where.room is None:
        return
    needed = len(live) * most + surge(most)
    if where.room < needed:
        names = ", ".join(pool.name for pool in where.pools)
        reason = f"an update needs {needed} instances at once, the pools that have the GPUs ({names}) {where.room}"
        alternative = f"Use fewer instances, let them share GPUs, or give the pools more nodes or quota in {POOLS}."
        yield Objection("scaling.max", most, reason, alternative)


def _own_image(release: Release, spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    if release.image and not PINNED.fullmatch(release.image):
        yield _unpinned(_place(release, spec, environment, "image", "serving.image"), release.image)


def _unpinned(path: str, image: str) -> Objection:
    alternative = "Write it as HOST/REPOSITORY@sha256:DIGEST: a tag may name another image tomorrow."
    return Objection(path, image, "an image without a digest may change between two pods", alternative)


def _delivery(release: Release, spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    existing, source = environment.existing, release.source
    place = _place(release, spec, environment, "source", "model.source")
    match spec.serving.delivery:
        case "pvc" if existing.claim is None:
            reason = "no volume claim is given"
            yield Objection("serving.delivery", "pvc", reason, f"Name the claim in {EXISTING}.claim.")
        case "imageVolume" if not store.IMAGE.fullmatch(source) or not store.is_bundle(source, spec):
            alternative = "Use oci://HOST/REPOSITORY@sha256:DIGEST of an image that holds the bundle."
            yield Objection(
                place, source, "an image volume needs an image, by digest, as the model's source", alternative
            )
        case "initContainer" if not store.is_bundle(source, spec) and not store.has_store(existing):
            reason = "pods cannot reach files of this machine, and the stack names no store to bring the bundle to"
            alternative = f"Set {EXISTING}.registry or {EXISTING}.bucket, or name a bundle in a store."
            yield Objection(place, source, reason, alternative)


def _place(release: Release, spec: ModelSpec, environment: Environment, of_release: str, of_service: str) -> str:
    """Where a release says it, or else the service file."""
    live: Any = environment.releases.get(spec.metadata.name)
    said = live and getattr(getattr(live, release.role), of_release)
    return f"modelport:releases.{spec.metadata.name}.{release.role}.{of_release}" if said else of_service
