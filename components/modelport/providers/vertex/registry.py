from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from modelport.providers.crud import Say

from . import bodies
from .bodies import given
from .google import Google
from .inputs import ModelInputs
from .operations import finish, settle

DEFAULT = "default"
"""The alias that one version of each model has. Source: Model.version_aliases."""
CHANGEABLE = "displayName,versionDescription,labels"
MARK_LENGTH = 40


@dataclass(frozen=True)
class Versions:
    """The versions of one model in the registry of Vertex AI; the methods raise `GoogleError`."""

    project: str
    location: str
    name: str

    @property
    def place(self) -> str:
        """Where the model is."""
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def model(self) -> str:
        """The model's full name."""
        return f"{self.place}/models/{self.name}"

    def find(self, wanted: ModelInputs, say: Say) -> str | None:
        """The id of the version that runs what is wanted, when nothing is on its way any more."""
        settle(self._google, self.model, wanted.seconds, say)
        found = self.described(mark(wanted))
        return found and str(found["versionId"])

    def described(self, version: str) -> dict[str, Any] | None:
        """What the registry says of a version, by its id or an alias; None where there is none."""
        return self._google.get(f"{self.model}@{version}")

    def upload(self, wanted: ModelInputs, say: Say) -> str:
        """Add a version; gives its id."""
        body: dict[str, Any] = {"model": bodies.model(wanted, [mark(wanted)])}
        if self._google.get(self.model):
            body["parentModel"] = self.model
        else:
            body["modelId"] = self.name
        begun = self._google.send("POST", f"{self.place}/models:upload", body)
        return str(finish(self._google, begun, wanted.seconds, say)["modelVersionId"])

    def change(self, version: str, wanted: ModelInputs) -> None:
        """Say anew what a version is called, and what it is found by."""
        found = self.described(version) or {}
        body = {
            "displayName": wanted.display_name,
            "versionDescription": wanted.version_description,
            "labels": wanted.labels,
        }
        if any(found.get(name, type(value)()) != value for name, value in body.items()):
            self._google.send("PATCH", f"{self.model}@{version}", given(body), updateMask=CHANGEABLE)
        self._rename(version, own_aliases(found), wanted.version_aliases)

    def remove(self, version: str, seconds: float, say: Say) -> None:
        """Delete a version, and the model with the last one; fine when they are gone.

        One that answers somewhere stays: somebody else has taken it over.
        """
        settle(self._google, self.model, seconds, say)
        if not (found := self.described(version)):
            return
        if found.get("deployedModels"):
            say(f"{self.name}@{version} is deployed elsewhere, and stays")
            return
        others = [each["versionId"] for each in self._all() if each["versionId"] != version]
        if DEFAULT in found.get("versionAliases", []) and others:
            self._merge(max(others, key=int), [DEFAULT])
        path = f"{self.model}@{version}:deleteVersion" if others else self.model
        finish(self._google, self._google.send("DELETE", path), seconds, say)

    def _rename(self, version: str, old: Iterable[str], new: Iterable[str]) -> None:
        added, dropped = sorted({*new} - {*old}), sorted({*old} - {*new})
        for alias in added:
            if other := self.described(alias):
                self._merge(str(other["versionId"]), [f"-{alias}"])
        if added or dropped:
            self._merge(version, [*added, *(f"-{alias}" for alias in dropped)])

    def _merge(self, version: str, aliases: list[str]) -> None:
        self._google.send("POST", f"{self.model}@{version}:mergeVersionAliases", {"versionAliases": aliases})

    def _all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"pageSize": 100}
        while page := self._google.get(f"{self.model}:listVersions", query):
            found += page.get("models", [])
            if not page.get("nextPageToken"):
                break
            query["pageToken"] = page["nextPageToken"]
        return found

    @cached_property
    def _google(self) -> Google:
        return Google.vertex(self.location)


def mark(wanted: ModelInputs) -> str:
    """The alias of a version that runs what is wanted: it finds what an earlier run has uploaded."""
    body = bodies.model(wanted, [])
    content = json.dumps([body["containerSpec"], body["artifactUri"], body.get("encryptionSpec")], sort_keys=True)
    return f"content-{hashlib.sha256(content.encode()).hexdigest()[:MARK_LENGTH]}"


def own_aliases(found: dict[str, Any]) -> list[str]:
    """The aliases of a version that somebody chose."""
    aliases = found.get("versionAliases", [])
    return sorted(alias for alias in aliases if alias != DEFAULT and not alias.startswith("content-"))
