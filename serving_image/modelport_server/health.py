from enum import Enum


class Health(Enum):
    """Where a server stands: loading its models, serving, or finishing what it has before it exits."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
