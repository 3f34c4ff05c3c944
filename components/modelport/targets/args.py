from dataclasses import dataclass

from modelport.spec import Environment, Loaded, ModelSpec


@dataclass(frozen=True)
class ModelServiceArgs:
    """What is served, and where.

    Attributes:
        spec: the service: made in Python, or loaded from a file, so that errors name its lines.
        environment: the stack that it is a part of.
    """

    spec: ModelSpec | Loaded
    environment: Environment
