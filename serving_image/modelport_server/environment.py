"""What the platforms say to a container, and where they put its models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelport_server.errors import ServerError

DEFAULT_PORT = 8080
SOURCES = ("AIP_STORAGE_URI", "AZUREML_MODEL_DIR")
PORTS = ("SAGEMAKER_BIND_TO_PORT", "AIP_HTTP_PORT")  # the platform's word, after our own
MOUNTS = (Path("/opt/ml/model"), Path("/mnt/models"))  # SageMaker; KServe's convention


class NoModel(ServerError):
    """There is nothing to serve."""

    exit_code = 2


def http_port(env: Mapping[str, str]) -> int:
    """The port that the platform wants.

    Raises:
        ServerError: it is none.
    """
    name = next((name for name in PORTS if env.get(name)), None)
    if name is None:
        return DEFAULT_PORT
    if not env[name].isdecimal():
        raise NoModel(f"{name} is {env[name]!r}, and should be a port's number.")
    return int(env[name])


def score_paths(env: Mapping[str, str]) -> list[str]:
    """The scoring path of Vertex AI, as it is set."""
    return [path for path in [env.get("AIP_PREDICT_ROUTE", "")] if path]


def ready_paths(env: Mapping[str, str]) -> list[str]:
    """The health path of Vertex AI, as it is set."""
    return [path for path in [env.get("AIP_HEALTH_ROUTE", "")] if path]


def models(env: Mapping[str, str]) -> list[str]:
    """Where the platform has put the models, for a server that is told of none.

    Raises:
        NoModel: nowhere.
    """
    named = [env[name] for name in SOURCES if env.get(name)]
    mounted = [str(mount) for mount in MOUNTS if mount.is_dir() and any(mount.iterdir())]
    if not (found := named + mounted):
        raise NoModel("no model: give --model PATH, or set MODELPORT_MODEL")
    return found[:1]
