"""Pulumi's protobuf modules, from the SDK without the rest of it: importing that would take half a second a command."""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        alias_pb2,
        analyzer_pb2,
        analyzer_pb2_grpc,
        callback_pb2,
        callback_pb2_grpc,
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        resource_pb2,
        resource_pb2_grpc,
        source_pb2,
        status_pb2,
    )

__all__ = [
    "alias_pb2",
    "analyzer_pb2",
    "analyzer_pb2_grpc",
    "callback_pb2",
    "callback_pb2_grpc",
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "resource_pb2",
    "resource_pb2_grpc",
    "sdk",
    "source_pb2",
    "status_pb2",
]


def _locate() -> Path:
    spec = find_spec("pulumi")
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _load() -> None:
    """Import the modules with empty packages in the SDK's place, unless it is there already; leave no trace of that."""
    stand_ins = {}
    if "pulumi" not in sys.modules:
        for name in ("pulumi", "pulumi.runtime"):
            stand_ins[name] = ModuleType(name)
            stand_ins[name].__path__ = [str(sdk.joinpath(*name.split(".")[1:]))]
        sys.modules.update(stand_ins)
    try:
        for name in __all__:
            if name != "sdk":
                globals()[name] = importlib.import_module(f"pulumi.runtime.proto.{name}")
    finally:
        if stand_ins:
            for name in [name for name in sys.modules if name.startswith("pulumi.runtime.proto")]:
                del sys.modules[name]
            for name in stand_ins:
                del sys.modules[name]


sdk = _locate()
_load()
