"""What the cluster asks of a service and its stack beyond the capability rows."""

from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection, Placement, Release, place
from modelport.plan.placement import POOLS
from modelport.plan.release import releases
from modelport.spec import Environment, ModelSpec
from modelport.targets.images import LAYOUT, image_of, image_rules, place_of

from .exposure.release_rules import release_rules
from .exposure.rules import exposure_rules
from .monitoring.rules import alerts_rules
from .pods import store
from .pods.surge import surge
from .scaling.rules import scaling_rules

EXISTING = "modelport:existing"
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
    yield from image_rules(spec, environment)
    yield from _reachable(spec, environment)
    yield from _room(live, spec, environment)
    for release in live:
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


def _in_no_namespace(environment: Environment) -> Iterator[Objection]:
    """What lies in a namespace cannot be there before the namespace is."""
    existing = environment.existing
    given = {name: getattr(existing, field) for name, field in NAMESPACED.items()}
    for name, value in given.items():
        if value is not None and existing.namespace is None:
            reason = "it lies in a namespace, and the service gets a new one of its own"
            shown = value if isinstance(value, str) else None
            yield Objection(f"{EXISTING}.{name}", shown, reason, f"Name the namespace in {EXISTING}.namespace.")


def _reachable(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    path, image = image_of(spec, environment)
    if image and image.startswith(LAYOUT) and environment.existing.registry is None:
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


def _delivery(release: Release, spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    existing, source = environment.existing, release.source
    place = place_of(release, spec, environment, "source", "model.source")
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
