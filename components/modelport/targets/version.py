from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from modelport.bundle import Bundle
from modelport.plan import Plan, Release
from modelport.targets.bundles import release_bundle


@dataclass(frozen=True)
class Version:
    """A release with the model that it is."""

    release: Release
    bundle: Bundle

    @property
    def slot(self) -> str:
        """The set of instances that runs it."""
        return self.release.slot

    @property
    def hex(self) -> str:
        """The digest of its bundle, in hex."""
        return self.bundle.digest.removeprefix("sha256:")

    @property
    def share(self) -> dict[str, Any]:
        """What the output `live` says of it."""
        return {"version": self.bundle.version, "digest": self.bundle.digest, "weight": self.release.weight}

    def image(self, of_stack: pulumi.Input[str] | None) -> pulumi.Input[str]:
        """Its serving image; without one of its own, the stack's."""
        image = self.release.image or of_stack
        assert image is not None  # else the plan is refused
        return image


def live_versions(plan: Plan) -> list[Version]:
    """The versions that are live, stable first.

    Raises:
        BundleError: a model is missing, unusable, or not the one that the config pins.
    """
    return [Version(release, release_bundle(plan, release)) for release in plan.releases]
