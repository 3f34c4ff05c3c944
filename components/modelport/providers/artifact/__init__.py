"""Images and bundles in registries and stores, as resources."""

from .bundle import ArtifactBundle
from .image import ArtifactImage

__all__ = ["ArtifactBundle", "ArtifactImage"]
