"""`docs/targets/vertex-permissions.md`."""

from __future__ import annotations

from collections.abc import Iterable

from .permissions import billing, roles

HEAD = """\
# Permissions on Google Cloud

What a person or a pipeline has to be allowed that runs `up`, `preview`, `refresh` and `destroy` for a service on
[Vertex AI](vertex.md). Each part is a custom role of the project: the first one, and those of what `modelport:existing`
does not give; all of them for an empty project, the first one alone where everything is given. Write a part into a
file, then:

```sh
gcloud iam roles create modelport_deployer --project PROJECT --file role.yaml
gcloud projects add-iam-policy-binding PROJECT --member MEMBER --role projects/PROJECT/roles/modelport_deployer
```

A given account has to let who deploys run as it: `roles/iam.serviceAccountUser` on `existing.role`. A role of a project
is about everything in it: give services of different owners projects of their own. Callers of a service need
`aiplatform.endpoints.predict` alone. Should `gcloud` take a permission into no custom role,
`roles/compute.networkAdmin` has those of networks, and an administrator makes the agents:
`gcloud beta services identity create --service SERVICE`.
"""


def page() -> str:
    """The page, with a role for each part."""
    titled = ((f"Without `existing.{field}`" if field else "Always", each) for field, each in roles().items())
    paying = "In the billing account, with `budget`", billing()
    return "\n".join((HEAD, *(_section(title, permissions) for title, permissions in (*titled, paying))))


def _section(title: str, permissions: Iterable[str]) -> str:
    listed = "\n".join(f"- {each}" for each in permissions)
    return f"## {title}\n\n```yaml\ntitle: modelport\nstage: GA\nincludedPermissions:\n{listed}\n```\n"
