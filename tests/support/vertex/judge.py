"""Judges requests to Vertex AI by Google's own types, in an environment of their own."""

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from support.demands import lacks
from support.environments import Absent, interpreter

ROOT = Path(__file__).resolve().parents[3]
LOCK, HOME = ROOT / "requirements" / "vendor-models.txt", ROOT / ".vendor-models"
SCRIPT = Path(__file__).with_name("google_types.py")
NAME = r"(projects/[^/]+/locations/[^/]+/[a-z]+/[^/:]+)"

Json = dict[str, Any]
Asked = tuple[str, str, Json, Json]
"""Verb, path, query and body of a request."""
METHODS: tuple[tuple[str, str, str, Callable[[str, Json, Json], Json]], ...] = (
    (
        r"POST (projects/[^/]+/locations/[^/]+)/batchPredictionJobs",
        "JobService",
        "CreateBatchPredictionJob",
        lambda parent, query, body: {"parent": parent, "batchPredictionJob": body},
    ),
    (
        r"POST (projects/[^/]+/locations/[^/]+)/models:upload",
        "ModelService",
        "UploadModel",
        lambda parent, query, body: {"parent": parent, **body},
    ),
    (
        rf"PATCH {NAME}",
        "ModelService",
        "UpdateModel",
        lambda name, query, body: {"model": {"name": name, **body}, **query},
    ),
    (
        rf"POST {NAME}:mergeVersionAliases",
        "ModelService",
        "MergeVersionAliases",
        lambda name, query, body: {"name": name, **body},
    ),
    (rf"DELETE {NAME}:deleteVersion", "ModelService", "DeleteModelVersion", lambda name, query, body: {"name": name}),
    (rf"DELETE {NAME}", "ModelService", "DeleteModel", lambda name, query, body: {"name": name}),
    (
        rf"PATCH {NAME}",
        "EndpointService",
        "UpdateEndpoint",
        lambda name, query, body: {"endpoint": {"name": name, **body}, **query},
    ),
    *(
        (
            rf"POST {NAME}:{method[0].lower()}{method[1:]}",
            "EndpointService",
            method,
            lambda endpoint, query, body: {"endpoint": endpoint, **body},
        )
        for method in ("DeployModel", "MutateDeployedModel", "UndeployModel")
    ),
)


def verdicts(asked: Sequence[Asked]) -> list[tuple[str, list[str]]]:
    """The method of each request, and what is wrong with it."""
    described = [_described(each) for each in asked]
    try:
        python = interpreter(LOCK, HOME / "environment")
    except Absent as absent:
        lacks([f"{LOCK.name} ({absent})"])
    told = json.dumps(described)
    done = subprocess.run([python, SCRIPT], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(each["method"], found) for each, found in zip(described, json.loads(done.stdout), strict=True)]


def _described(asked: Asked) -> Json:
    verb, path, query, body = asked
    services = {"models": "ModelService", "endpoints": "EndpointService", "batchPredictionJobs": "JobService"}
    collection = services[re.split("[/:]", path)[4]]
    for pattern, service, method, request in METHODS:
        if service == collection and (found := re.fullmatch(pattern, f"{verb} {path}")):
            sent = {"verb": verb, "path": f"/v1/{path}", "query": query, "body": body}
            return {"service": service, "method": method, "request": request(found[1], query, body), **sent}
    raise AssertionError(f"Google has no {verb} {path}")
