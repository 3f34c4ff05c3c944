from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from .section import Section, not_allowed


def _text_or_output(value: Any) -> Any:
    if (isinstance(value, str) and value.strip()) or hasattr(value, "apply"):
        return value
    raise not_allowed("a name or an id, or an output of a resource")


Given = Annotated[Any, AfterValidator(_text_or_output), WithJsonSchema({"type": "string", "minLength": 1})]
"""A name or an id, or in Python an output of a resource that gives one later."""


class Existing(Section):
    """Infrastructure to use and not to make. What is given is never changed, tagged or deleted."""

    vpc: Given | None = None
    """Network that the service runs in."""

    subnets: tuple[Given, ...] = ()
    """Subnets of that network."""

    role: Given | None = None
    """Identity that the service runs as."""

    permissions_boundary: Given | None = None
    """Boundary for every role that is made."""

    key: Given | None = None
    """Encryption key."""

    bucket: Given | None = None
    """Bucket or container for models and captured data."""

    registry: Given | None = None
    """Image registry."""

    workspace: Given | None = None
    """Machine-learning workspace."""

    namespace: Given | None = None
    """Kubernetes namespace."""

    gateway: Given | None = None
    """Gateway or ingress that routes to the service."""

    topic: Given | None = None
    """Topic or channel that alerts go to."""
