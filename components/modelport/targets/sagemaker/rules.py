"""What SageMaker asks of a service and its stack beyond the capability rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec, written
from modelport.targets.images import image_rules

from .modes.limits import job_rules, mode_rules, queue_rules
from .modes.serverless import serverless_rules
from .monitoring.rules import monitoring_rules
from .releases.deployment import deployment_rules
from .releases.rules import release_rules
from .schedule import schedule_rules

EXISTING = "modelport:existing"
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*[A-Za-z0-9._-])?")
KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+")
OF_MODES: Mapping[str, Callable[[ModelSpec], Iterable[Objection]]] = {
    "serverless": serverless_rules,
    "async": queue_rules,
    "batch": job_rules,
}
"""What single modes ask beyond what all do."""
RETENTION = "monitoring.capture.retention"


def rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """Everything that is wrong."""
    existing = environment.existing
    yield from image_rules(spec, environment)
    yield from mode_rules(spec, environment)
    yield from OF_MODES.get(spec.mode, _nothing)(spec)
    yield from schedule_rules(spec)
    yield from monitoring_rules(spec, environment)
    yield from deployment_rules(spec, environment)
    yield from release_rules(spec, environment)
    if existing.bucket is not None and RETENTION in written(spec):
        reason = "the bucket is given, and how long it keeps what is in it is its owner's to say"
        alternative = f"Leave it out, and give the bucket a rule for {spec.metadata.name}/captured/ below its address."
        yield Objection(RETENTION, str(spec.monitoring.capture.retention), reason, alternative)
    for field, given in (("role", existing.role), ("permissionsBoundary", existing.permissions_boundary)):
        if isinstance(given, str) and not given.startswith("arn:"):
            yield Objection(f"{EXISTING}.{field}", given, "AWS wants its ARN", "Write arn:aws:iam::ACCOUNT:...")
    if isinstance(existing.key, str) and not KEY.fullmatch(existing.key):
        alternative = "Write arn:aws:kms:REGION:ACCOUNT:key/ID."
        yield Objection(f"{EXISTING}.key", existing.key, "roles are given rights by the key's ARN", alternative)
    if isinstance(existing.bucket, str) and not BUCKET.fullmatch(existing.bucket):
        yield Objection(f"{EXISTING}.bucket", existing.bucket, "it is no address in S3", "Write s3://BUCKET/PREFIX.")
    if existing.subnets and not existing.security_groups:
        reason = "instances in subnets need security groups, and none is given"
        yield Objection(f"{EXISTING}.securityGroups", None, reason, "Name those that the instances get.")
    if existing.security_groups and not existing.subnets:
        reason = "security groups are of a network, and no subnets of it are given"
        yield Objection(f"{EXISTING}.subnets", None, reason, "Name the subnets that the instances are to be in.")


def _nothing(spec: ModelSpec) -> Iterable[Objection]:
    return ()
