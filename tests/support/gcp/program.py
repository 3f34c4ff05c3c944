"""Runs programs against mocks of Google Cloud."""

from typing import Any

import pulumi
from support.referring import Referring, reference

from modelport.providers.vertex import VertexDeployedModel, VertexModel

PROJECT, NUMBER, REGION = "shop-prod", "111111111111", "europe-west4"
AGENTS = f"serviceAccount:service-{NUMBER}@"
DEPLOYED = {"blue": "1234567890", "green": "1234567891"}
"""Ids of deployments by their slots."""
READ = {
    "gcp:organizations/getProject:getProject": {
        "projectId": PROJECT,
        "number": NUMBER,
        "billingAccount": "000000-000000-000000",
    },
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
        "member": f"{AGENTS}gs-project-accounts.iam.gserviceaccount.com"
    },
    "gcp:bigquery/getDefaultServiceAccount:getDefaultServiceAccount": {
        "member": f"serviceAccount:bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com"
    },
}
"""What the provider tells of where it works: all that a plan may ask."""


class GcpProgram(Referring):
    """A program with resources of Google Cloud."""

    PACKAGE, READ = "gcp", READ

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name, outputs = super().new_resource(args)
        if args.typ == VertexModel.kind:
            place = f"projects/{args.inputs['project']}/locations/{args.inputs['location']}"
            outputs["versionName"] = f"{place}/models/{args.inputs['modelId']}@1"
        if args.typ == VertexDeployedModel.kind:
            outputs["deployedModelId"] = DEPLOYED[args.name.rpartition("-")[2]]
            outputs["serviceAttachment"] = reference(args.name, "serviceAttachment")
        return name, outputs
