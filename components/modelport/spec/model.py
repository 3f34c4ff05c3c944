from typing import Annotated, Literal

from pydantic import Field

from .scalars import Sha256, Source, Text
from .section import Section


class Signature(Section):
    """The signature that the bundle must carry."""

    key: Text
    """Public key that the signature must verify against: path of a PEM file."""


class Batching(Section):
    """How the server groups waiting requests into one run of the model. It never waits to fill a batch."""

    max_size: Annotated[int, Field(strict=True, ge=1, le=1024)] = 32
    """Largest batch, in requests; 1 turns batching off."""


class Pipeline(Section):
    """ONNX graphs that run in the server around the model."""

    before: tuple[Source, ...] = ()
    """Graphs that prepare the model's inputs, in order: paths or URIs like `model.source`."""

    after: tuple[Source, ...] = ()
    """Graphs that treat the model's outputs, in order: paths or URIs like `model.source`."""


class Model(Section):
    """What is served."""

    source: Source
    """A plain .onnx file or a bundle: a path relative to the service file, or a URI (s3://, gs://, azblob://,
    https://, oci:// or mlflow:models:/NAME/VERSION)."""

    version: Text | None = None
    """Version of the model as people call it; without it, the start of the bundle's digest."""

    sha256: Sha256 | None = None
    """Checksum that what `source` names must have, in hex; anything else is not served."""

    signature: Signature | None = None
    """Signature that the bundle must carry; anything else is not served."""

    precision: Literal["original", "fp16", "int8"] = "original"
    """Number format that the bundle must have, as `modelport bundle optimize` makes it; `original` takes any."""

    batching: Batching = Batching()
    """How waiting requests are grouped into one run of the model."""

    pipeline: Pipeline = Pipeline()
    """ONNX graphs before and after the model."""
