from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from .key import Key
from .project import Project
from .resources import BUCKET, BUCKET_GRANT, Resources

SCHEME = "gs://"
FOLDER = "models"
UNFINISHED_DAYS, OLD_VERSION_DAYS, ACCESS_LOG_DAYS, PASSING_DAYS = 7, 90, 365, 30
WRITES_LOGS = "group:cloud-storage-analytics@google.com"
"""Source: https://cloud.google.com/storage/docs/access-logs"""


@dataclass(frozen=True)
class Store:
    """Where models lie.

    Attributes:
        address: `gs://BUCKET/PREFIX`.
        root: below which the service's other files lie.
        bucket: its name.
        ready: what has to be there before anything is put into it.
    """

    address: pulumi.Input[str]
    root: pulumi.Input[str]
    bucket: pulumi.Input[str]
    ready: Sequence[pulumi.Resource] = ()


def storage(own: Resources, project: Project, key: Key, passing: Sequence[str] = ()) -> Store:
    """The bucket of the service's models, made unless it is given.

    Args:
        passing: folders, of a bucket that is made, from which files go again.
    """
    existing = own.plan.environment.existing.bucket
    if existing is not None:
        path = pulumi.Output.from_input(existing).apply(lambda address: address.removeprefix(SCHEME))
        root = pulumi.Output.concat(existing, f"/{own.plan.name}")
        return Store(existing, root, path.apply(lambda each: each.partition("/")[0]))
    logs = _bucket(own, project, "accesslogs", key, [_deletion(age=ACCESS_LOG_DAYS)])
    writes = {"bucket": logs.name, "role": "roles/storage.objectCreator", "member": WRITES_LOGS}
    let_in = own.keep(BUCKET_GRANT, "accesslogs-writer", writes)
    noted = {"logging": {"logBucket": logs.name, "logObjectPrefix": FOLDER}}
    rules = [_deletion(daysSinceNoncurrentTime=OLD_VERSION_DAYS)]
    if passing:
        rules.append(_deletion(age=PASSING_DAYS, matchesPrefixes=[f"{each}/" for each in passing]))
    bucket = _bucket(own, project, "bucket", key, rules, noted, let_in)
    root = pulumi.Output.concat(SCHEME, bucket.name)
    return Store(pulumi.Output.concat(root, f"/{FOLDER}"), root, bucket.name, [bucket])


def _bucket(
    own: Resources,
    project: Project,
    role: str,
    key: Key,
    rules: list[dict[str, Any]],
    more: dict[str, Any] | None = None,
    *before: pulumi.Resource,
) -> Any:
    """A bucket that nobody outside can be let into, encrypted and versioned."""
    inputs = {
        "location": project.region,
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "versioning": {"enabled": True},
        "encryption": {"defaultKmsKeyName": key.name},
        "lifecycleRules": [*rules, _rule("AbortIncompleteMultipartUpload", age=UNFINISHED_DAYS)],
        **(more or {}),
    }
    return own.keep(BUCKET, role, inputs, pulumi.ResourceOptions(depends_on=[*key.ready, *before]))


def _deletion(**condition: Any) -> dict[str, Any]:
    return _rule("Delete", **condition)


def _rule(action: str, **condition: Any) -> dict[str, Any]:
    return {"action": {"type": action}, "condition": condition}
