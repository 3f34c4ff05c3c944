from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from modelport.providers.crud import Say

from .bodies import given
from .google import Google, GoogleError
from .operations import OperationFailed, finish, settle

LAST_LINES, LINE_LENGTH = 20, 300


class DeploymentFailed(GoogleError):
    """A model does not answer where it was deployed. The text ends with what its containers said last."""


@dataclass(frozen=True)
class LiveEndpoint:
    """An endpoint of Vertex AI as it is now; the methods raise `GoogleError`.

    Attributes:
        name: `projects/P/locations/L/endpoints/E`.
    """

    name: str

    def described(self) -> dict[str, Any] | None:
        """What Vertex AI says of it; None where there is none."""
        return self._google.get(self.name)

    def deployed(self, id: str) -> dict[str, Any] | None:
        """A deployed model of it; None where there is none."""
        models = (self.described() or {}).get("deployedModels", [])
        return next((each for each in models if each["id"] == id), None)

    def deploy(self, body: Mapping[str, Any], seconds: float, say: Say) -> None:
        """Have a model deployed, without requests, unless a deployment of its id is there or on its way.

        Raises:
            DeploymentFailed: it does not come to answer.
        """
        settle(self._google, self.name, seconds, say)
        if self.described() is None:
            raise GoogleError(self.name, "is not there")
        if self.deployed(body["id"]):
            return
        begun = self._google.send("POST", f"{self.name}:deployModel", {"deployedModel": body})
        try:
            finish(self._google, begun, seconds, say)
        except OperationFailed as error:
            raise self._failed(body["id"], error.problem) from error

    def mutate(self, body: Mapping[str, Any], mask: str, seconds: float, say: Say) -> None:
        """Change a deployed model while it answers."""
        settle(self._google, self.name, seconds, say)
        asked = {"deployedModel": body, "updateMask": mask}
        finish(self._google, self._google.send("POST", f"{self.name}:mutateDeployedModel", asked), seconds, say)

    def undeploy(self, id: str, seconds: float, say: Say) -> None:
        """Take a deployed model away, which has no requests any more; fine when it is gone."""
        settle(self._google, self.name, seconds, say)
        if not self.deployed(id):
            return
        if share := self.split().get(id):
            remedy = "Give them to another deployed model first."
            raise GoogleError(f"{self.name}/deployedModels/{id}", f"still gets {share} % of the requests. {remedy}")
        begun = self._google.send("POST", f"{self.name}:undeployModel", {"deployedModelId": id})
        finish(self._google, begun, seconds, say)

    def split(self) -> dict[str, int]:
        """Percent of the requests, by the id of the deployed model."""
        return split_of(self.described() or {})

    def divide(self, percentages: Mapping[str, int], etag: str) -> None:
        """Have the requests divided so.

        Args:
            etag: of the endpoint as it was looked at; another one, and nothing changes.
        """
        body = given({"trafficSplit": dict(percentages), "etag": etag})
        self._google.send("PATCH", self.name, body, updateMask="trafficSplit")

    def _failed(self, id: str, problem: str) -> DeploymentFailed:
        lines = list(self.last_lines(id))
        said = "".join(f"\n    {line}" for line in lines)
        where = f"its containers said last:{said}" if lines else "its containers have said nothing that can be read"
        return DeploymentFailed(f"{self.name}/deployedModels/{id}", f"{problem}\n  {where}")

    def last_lines(self, id: str) -> Iterator[str]:
        """What the containers of a deployed model said last, the oldest first; nothing where that cannot be read.

        Source: https://cloud.google.com/vertex-ai/docs/predictions/online-prediction-logging
        """
        _, project, _, _, _, endpoint = self.name.split("/")
        wanted = {
            "resource.type": "aiplatform.googleapis.com/Endpoint",
            "resource.labels.endpoint_id": endpoint,
            "labels.deployed_model_id": id,
        }
        asked = {
            "resourceNames": [f"projects/{project}"],
            "filter": " AND ".join(f'{name}="{value}"' for name, value in wanted.items()),
            "orderBy": "timestamp desc",
            "pageSize": LAST_LINES,
        }
        try:
            entries = Google.logging().send("POST", "entries:list", asked).get("entries", [])
        except GoogleError:
            return
        for entry in reversed(entries):
            text = entry.get("textPayload") or entry.get("jsonPayload", {}).get("message", "")
            if line := str(text).rstrip():
                yield line[:LINE_LENGTH]

    @cached_property
    def _google(self) -> Google:
        return Google.vertex(self.name.split("/")[3])


def split_of(endpoint: Mapping[str, Any]) -> dict[str, int]:
    """How an endpoint's requests are divided, without those who get none."""
    return {id: share for id, share in endpoint.get("trafficSplit", {}).items() if share}
