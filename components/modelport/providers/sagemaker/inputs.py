from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelport.providers.inputs import AbsolutePath, Digest, Inputs


class SmokeTestInputs(Inputs):
    """An endpoint, and what it has to answer."""

    region: str
    """Where the endpoint is."""

    endpoint: str
    """Its name."""

    configuration: str
    """The name of the configuration that it has to run."""

    bundles: Annotated[dict[str, AbsolutePath], Field(min_length=1)]
    """The folder of the bundle that each of its variants serves, by the variant's name."""

    digests: dict[str, Digest]
    """What these bundles are."""

    seconds: Annotated[int, Field(ge=1)] = 3600
    """How long the endpoint may take until it is in service."""
