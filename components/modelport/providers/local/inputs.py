from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from modelport.providers import package
from modelport.providers.crud import UNKNOWN, Failure, Values


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class ServerInputs(BaseModel):
    """What one server process is to be."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    service: Annotated[str, Field(min_length=1)]
    """Name of the service."""

    run_dir: AbsolutePath
    """Folder of its log, record and control socket; it lives and dies with the resource."""

    bundle: AbsolutePath
    """Folder of the model bundle."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
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

    def values(self) -> dict[str, Any]:
        """The inputs as the state holds them: camelCase, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


DEFAULTS = {
    field.alias or name: field.get_default(call_default_factory=True)
    for name, field in ServerInputs.model_fields.items()
    if not field.is_required() and field.get_default() is not None
}


def failures(inputs: Values) -> list[Failure]:
    """What is wrong with the inputs; what is not known yet counts as right."""
    try:
        ServerInputs.model_validate(inputs)
    except ValidationError as error:
        problems = [(".".join(map(str, problem["loc"])), problem["msg"]) for problem in error.errors()]
        return [Failure(path, f"{text}.") for path, text in problems if inputs.get(path.split(".")[0]) != UNKNOWN]
    return []
