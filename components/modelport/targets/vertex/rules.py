"""What Vertex AI asks of a service and its stack beyond the capability rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec
from modelport.targets.images import image_rules

from .lacks import job_rules
from .monitoring.rules import monitoring_rules

EXISTING = "modelport:existing"
HOST = "-docker.pkg.dev"
"""What follows a region in the name of its registries."""
MOST_BYTES = 10_000_000
MOST_SECONDS = 600
"""Of a body and of an answer, on dedicated and private endpoints:
https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type"""
BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[A-Za-z0-9._/-]*[A-Za-z0-9._-])?")
KEY = re.compile(r"projects/[^/]+/locations/(?P<region>[^/]+)/keyRings/[^/]+/cryptoKeys/[^/]+")
ACCOUNT = re.compile(r"[^@\s]+@[^@\s]+\.gserviceaccount\.com")
REGISTRY = re.compile(rf"(?P<region>[a-z0-9-]+){re.escape(HOST)}/[^/]+/[^/]+(/.+)?")
FORMS = {
    "key": (KEY, "it is no name of a key", "Write projects/P/locations/REGION/keyRings/R/cryptoKeys/K."),
    "bucket": (BUCKET, "it is no address in Cloud Storage", "Write gs://BUCKET/PREFIX."),
    "role": (ACCOUNT, "it is no service account", "Write NAME@PROJECT.iam.gserviceaccount.com."),
    "registry": (
        REGISTRY,
        "Vertex AI takes images from Artifact Registry",
        f"Write REGION{HOST}/PROJECT/REPOSITORY.",
    ),
}


def rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """Everything that is wrong."""
    yield from image_rules(spec, environment)
    yield from job_rules(spec, environment) if spec.mode == "batch" else _request_rules(spec)
    yield from monitoring_rules(spec, environment)
    yield from _form_rules(environment)
    yield from _network_rules(spec, environment)
    if spec.security.exposure == "public" and spec.security.auth == "none":
        reason = "a public endpoint answers those alone whom IAM lets call it"
        yield Objection("security.auth", "none", reason, "Leave the field out: on vertex it is platform.")
    if spec.scaling.min < 1:
        reason = "Vertex AI keeps one machine at least"
        yield Objection("scaling.min", str(spec.scaling.min), reason, "Use 1 or more.")


def _request_rules(spec: ModelSpec) -> Iterator[Objection]:
    if spec.request.payload.bytes > MOST_BYTES:
        reason = "Vertex AI takes bodies of at most 10 MB"
        yield Objection("request.payload", str(spec.request.payload), reason, "Use 9Mi or less.")
    if spec.request.timeout.seconds > MOST_SECONDS:
        reason = f"Vertex AI waits {MOST_SECONDS} seconds for an answer"
        yield Objection("request.timeout", str(spec.request.timeout), reason, "Use 10m or less.")


def _form_rules(environment: Environment) -> Iterator[Objection]:
    region = environment.regions.get("vertex")
    for field, (form, reason, alternative) in FORMS.items():
        given = getattr(environment.existing, field)
        if not isinstance(given, str):
            continue
        path, found = f"{EXISTING}.{field}", form.fullmatch(given)
        if found is None:
            yield Objection(path, given, reason, alternative)
        elif region and found.groupdict().get("region", region) != region:
            elsewhere = f"it is in {found['region']}, and Vertex AI takes what is in the stack's region"
            yield Objection(path, given, elsewhere, f"Name one in {region}.")


def _network_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    existing = environment.existing
    if existing.vpc is not None and len(existing.subnets) != 1:
        reason = "the endpoint gets one address in the network, and needs to know in which subnet"
        yield Objection(f"{EXISTING}.subnets", None, reason, "Name one subnet of the network.")
    if existing.subnets and existing.vpc is None:
        reason = "a subnet is of a network, and none is given"
        yield Objection(f"{EXISTING}.vpc", None, reason, "Name the network of the subnet.")
    if existing.vpc is not None and spec.security.exposure == "public":
        reason = "a public endpoint is in no network"
        yield Objection(f"{EXISTING}.vpc", "given", reason, "Leave it out, or security.exposure.")
