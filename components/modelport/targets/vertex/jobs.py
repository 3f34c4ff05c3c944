"""Jobs over files in Cloud Storage, which have machines while they run, and no endpoint."""

from __future__ import annotations

import shlex
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.spec import ModelSpec

from .deployment import machine_spec
from .endpoint import WHO
from .key import Key
from .project import Project
from .resources import Model, Resources
from .storage import Store

REQUESTS, ANSWERS = "requests", "answers"


def folders(spec: ModelSpec) -> tuple[str, ...]:
    """Those of a service whose requests and answers are files."""
    return (REQUESTS, ANSWERS) if spec.mode == "batch" else ()


def job(
    own: Resources, project: Project, model: Model, account: pulumi.Input[str], key: Key, store: Store
) -> pulumi.Output[str]:
    """The command that starts a job over all requests that are there, an instance in each line of JSON."""
    asked = pulumi.Output.json_dumps(document(own.plan, model, account, key, store)).apply(shlex.quote)
    headers = f"-H {WHO} -H 'Content-Type: application/json'"
    return pulumi.Output.concat(f"curl {headers} --data ", asked, " ", address(project)["url"])


def document(plan: Plan, model: Model, account: pulumi.Input[str], key: Key, store: Store) -> dict[str, Any]:
    """The body of `batchPredictionJobs.create`.

    Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs
    """
    scaling = plan.spec.scaling
    bounds = {"startingReplicaCount": scaling.min, "maxReplicaCount": scaling.max}
    requests = pulumi.Output.concat(store.root, f"/{REQUESTS}/*.jsonl")
    return {
        "displayName": plan.names.of(),
        "model": model.versionName,
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": [requests]}},
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": pulumi.Output.concat(store.root, f"/{ANSWERS}")},
        },
        "dedicatedResources": {"machineSpec": machine_spec(plan), **bounds},
        "manualBatchTuningParameters": {"batchSize": plan.spec.model.batching.max_size},
        "serviceAccount": account,
        "encryptionSpec": {"kmsKeyName": key.name},
        "labels": dict(plan.tags),
    }


def address(project: Project) -> dict[str, Any]:
    """Where jobs are started, and how those who do prove who they are."""
    place = pulumi.Output.concat("https://", project.region, "-aiplatform.googleapis.com/v1/projects/", project.id)
    return {
        "url": pulumi.Output.concat(place, "/locations/", project.region, "/batchPredictionJobs"),
        "auth": {"kind": "google", "audience": None, "principal": None},
        "health_url": None,
        "protocols": [],
    }


def logs(project: Project) -> pulumi.Output[str]:
    """The command that shows what the containers of jobs say."""
    return pulumi.Output.concat("gcloud logging read resource.type=ml_job --freshness 1d --project ", project.id)
