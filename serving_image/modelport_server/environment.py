"""What the platforms say to a container, and where they put its models."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelport_server.bundle import MANIFEST
from modelport_server.errors import ServerError

DEFAULT_PORT = 8080
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


def models(env: Mapping[str, str]) -> list[Path]:
    """Where the platform has put the models, for a server that is told of none.

    Raises:
        NoModel: nowhere, or there is nothing in it.
    """
    if uri := env.get("AIP_STORAGE_URI"):
        raise NoModel(
            f"AIP_STORAGE_URI is {uri}\n  Models in object storage are unbuilt: put the bundle into the image."
        )
    folders = [Path(env["AZUREML_MODEL_DIR"])] if env.get("AZUREML_MODEL_DIR") else []
    folders += [mount for mount in MOUNTS if mount.is_dir() and any(mount.iterdir())]
    if not folders:
        raise NoModel("no model: give --model PATH, or set MODELPORT_MODEL")
    return found(folders[0])


def found(folder: Path) -> list[Path]:
    """The bundles in a folder, at whatever depth; where there are none, its .onnx files.

    Raises:
        NoModel: it holds neither.
    """
    files = sorted(_files(folder))
    if models := [file.parent for file in files if file.name == MANIFEST] or [f for f in files if f.suffix == ".onnx"]:
        return models
    raise NoModel(f"{folder} holds no bundle and no .onnx file.\n  Build one: modelport bundle build MODEL.onnx -o DIR")


def _files(folder: Path) -> Iterator[Path]:
    """Every file, each once: Kubernetes mounts folders through links, by two names."""
    seen = {folder.resolve()}
    for place, below, names in os.walk(folder, followlinks=True):
        yield from (Path(place, name) for name in names)
        new = {Path(place, name).resolve(): name for name in sorted(below, reverse=True)}
        below[:] = [name for path, name in new.items() if path not in seen]
        seen |= new.keys()
