from __future__ import annotations

import pulumi

from modelport.targets.images import REPOSITORY as NAME

from .key import Key
from .project import Project
from .resources import REPOSITORY, Resources
from .rules import HOST

KEPT_IMAGES, OLD_DAYS = 50, 90


def repository(own: Resources, project: Project, key: Key) -> pulumi.Input[str]:
    """The address of the serving image in a registry of the region, which is made unless one is given."""
    registry = own.plan.environment.existing.registry
    if registry is not None:
        return pulumi.Output.concat(registry, "/", NAME)
    kept = own.plan.environment.environment == "prod"  # elsewhere it can be copied anew
    inputs = {
        "repositoryId": own.plan.names.of(),
        "location": project.region,
        "format": "DOCKER",
        "description": f"What serves the model service {own.plan.names.of()}.",
        "kmsKeyName": key.name,
        "dockerConfig": {"immutableTags": True},
        "vulnerabilityScanningConfig": {"enablementConfig": "INHERITED"},
        "cleanupPolicies": [
            {"id": "newest", "action": "KEEP", "mostRecentVersions": {"keepCount": KEPT_IMAGES}},
            {
                "id": "old",
                "action": "DELETE",
                "condition": {"tagState": "ANY", "olderThan": f"{OLD_DAYS * 24 * 3600}s"},
            },
        ],
    }
    made = (own.keep if kept else own.make)(REPOSITORY, "registry", inputs, key.first)
    return pulumi.Output.concat(project.region, f"{HOST}/", project.id, "/", made.repository_id, f"/{NAME}")
