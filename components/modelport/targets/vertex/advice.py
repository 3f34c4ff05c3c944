"""What to do about errors of Google Cloud.

Source: https://cloud.google.com/apis/design/errors, and the pages of Vertex AI's methods; the messages are what
libraries and provider show of them.
"""

import re

from modelport.targets.advice import Advice

PAGE = "docs/targets/vertex-permissions.md"

APIS = "aiplatform artifactregistry bigquery cloudkms cloudresourcemanager compute iam monitoring serviceusage storage"
ENABLE = "gcloud services enable " + " ".join(f"{name}.googleapis.com" for name in APIS.split())
MAY_NOT = "Who deploys may not {right}. " + PAGE + " has roles with everything that is needed."

ADVICE: Advice = (
    (
        re.compile(r"has not been used in project (?P<project>[\w-]+) before or it is disabled"),
        "The project has not switched everything on: " + ENABLE + " --project {project}",
    ),
    (
        re.compile(r"quota metrics exceed quota limits: (?P<quota>[\w./-]*\w)"),
        "The project may have no more of {quota} in the region. Ask for more under IAM & Admin, Quotas, or write less"
        " in scaling.max; another machine is of another quota.",
    ),
    (
        re.compile(r'oauth2: (cannot fetch token|"invalid_grant")'),
        "The credentials have expired. Sign in again: gcloud auth application-default login",
    ),
    (
        re.compile(r"google: could not find default credentials"),
        "There are no credentials: gcloud auth application-default login, or a service account of the machine.",
    ),
    (re.compile(r"Permission '?(?P<right>[a-z]+\.\w+\.\w+)'? denied"), MAY_NOT),
    (re.compile(r"Required '(?P<right>[a-z]+\.\w+\.\w+)' permission"), MAY_NOT),
    (re.compile(r"does not have (?P<right>[a-z]+\.\w+\.\w+) access"), MAY_NOT),
    (
        re.compile(r"does not have enough resources available|ZONE_RESOURCE_POOL_EXHAUSTED"),
        "The region has no such machines left for now. Try again later, in another region, or with another compute.",
    ),
    (
        re.compile(r"[Mm]achine type \"?(?P<machine>[a-z0-9]+(-[a-z0-9]+)+)\"? is not supported"),
        "The region has no {machine} for inference. Ask for another compute, or deploy to another region.",
    ),
)
