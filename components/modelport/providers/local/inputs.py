from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field

from modelport.providers import package
from modelport.providers.inputs import AbsolutePath, Digest, Inputs


class ServerInputs(Inputs):
    """What one server process is to be."""

    service: Annotated[str, Field(min_length=1)]
    """Name of the service."""

    run_dir: AbsolutePath
    """Folder of its log, record and control socket; it lives and dies with the resource."""

    bundle: AbsolutePath
    """Folder of the model bundle."""

    digest: Digest
    """What the bundle must be."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port to listen on; without it, a free one, kept from update to update."""

    request_bytes: Annotated[int, Field(ge=1)] = 1024**2
    """Largest request body, in bytes."""

    grace_seconds: Annotated[float, Field(ge=0, le=25)] = 5
    """How long idle connections live on when the process ends."""

    startup_seconds: Annotated[int, Field(ge=1)] = 300
    """Longest time from start to ready."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Who the server belongs to; the process does not know them."""

    @property
    def fingerprint(self) -> str:
        """Short hash of all that the process depends on: a process that carries it need not be started again."""
        process = self.model_dump(mode="json", exclude={"tags", "startup_seconds"})
        text = json.dumps([package.VERSION, process], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
