from typing import Literal, Self

from pydantic import model_validator

from .scalars import Flag, ImageReference
from .section import Section, broken_rule


class Protocols(Section):
    """What clients may speak besides the target's own dialect."""

    rest: Flag = True
    """Open Inference Protocol V2 over HTTP."""

    grpc: Flag = False
    """Open Inference Protocol V2 over gRPC."""

    v1: Flag = False
    """KServe V1 over HTTP."""

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not (self.rest or self.grpc or self.v1):
            raise broken_rule("at least one of rest, grpc and v1 must be true", "rest", "grpc", "v1")
        return self


class Serving(Section):
    """What serves the model."""

    image: ImageReference | None = None
    """Own serving image that passes `modelport conformance`, pinned by digest; without it, modelport's own."""

    delivery: Literal["initContainer", "imageVolume", "pvc"] = "initContainer"
    """How the model reaches a pod: fetched by an init container and checked, mounted as an OCI image, or on a volume
    claim (`existing.claim`)."""
