from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.manifest import Bundle, Stage
from modelport_server.errors import ServerError

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
GPU_REMEDY = "Use the GPU image on a node with a GPU, or --provider cpu."
REMEDY = "Export it for the installed onnxruntime, or install a newer one."


PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class ProviderAbsent(ServerError):
    """What was asked to compute with is not here. There is no silent way back to the CPU."""


class Pipeline:
    """The graphs of a bundle that run one after the other, asked as one session is."""

    def __init__(self, stages: list[tuple[Stage, Any]]):
        self._stages = stages

    def run(self, outputs: list[str], feeds: dict[str, Any]) -> list[Any]:
        """The `outputs` of the last graph, in that order, for what the pipeline takes."""
        given = [feeds]
        for number, (stage, session) in enumerate(self._stages, start=1):
            wanted = outputs if number == len(self._stages) else self._wanted(number)
            inputs = {name: given[source.graph][source.name] for name, source in stage.takes.items()}
            given.append(dict(zip(wanted, map(np.asarray, session.run(wanted, inputs)), strict=True)))
        return [given[-1][name] for name in outputs]

    def _wanted(self, number: int) -> list[str]:
        """What later graphs take of one."""
        taken = [source for stage, _ in self._stages for source in stage.takes.values()]
        return sorted({source.name for source in taken if source.graph == number})


def open_bundle(
    bundle: Bundle, *, threads: int | None = None, provider: str = "cpu", origins: Mapping[str, Path] | None = None
) -> Any:
    """A session over what the bundle holds: its model, or its pipeline as one. Takes and raises as `open_session`.

    Before a bundle is built, `origins` says where its files lie.
    """
    if not bundle.pipeline:
        return open_session(bundle.model, threads=threads, provider=provider)
    files = origins or {stage.path: bundle.path / stage.path for stage in bundle.pipeline}
    return Pipeline(
        [(stage, open_session(files[stage.path], threads=threads, provider=provider)) for stage in bundle.pipeline]
    )


def open_session(model: Path, *, threads: int | None = None, provider: str = "cpu") -> Any:
    """An onnxruntime session over `model`, with `threads` (default: the cores granted to this process).

    Raises:
        ProviderAbsent: onnxruntime has no such `provider`, or it finds no device for it.
        BundleError: onnxruntime refuses the model: an operator, opset or IR version it does not know, damaged weights.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it would report usage and keep a database in HOME
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or granted_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if (wanted := PROVIDERS.get(provider)) is None:
        raise ProviderAbsent(f"--provider {provider}\n  There is no such provider.\n  Use {' or '.join(PROVIDERS)}.")
    if wanted not in (there := ort.get_available_providers()):
        problem = f"onnxruntime {ort.__version__} has no {wanted}, it has {', '.join(there)}."
        raise ProviderAbsent(f"--provider {provider}\n  {problem}\n  {GPU_REMEDY}")
    try:
        session = ort.InferenceSession(str(model), options, providers=[wanted])
    except Exception as error:  # onnxruntime's exceptions share no base class
        problem = f"onnxruntime {ort.__version__} cannot load it: {reason(error)}"
        raise BundleError(model, problem, REMEDY) from error
    if session.get_providers()[0] != wanted:  # it falls back without a word
        problem = f"{wanted} finds no device or no driver, and onnxruntime would compute on the CPU."
        raise ProviderAbsent(f"--provider {provider}\n  {problem}\n  {GPU_REMEDY}")
    return session


def reason(error: Exception) -> str:
    """An onnxruntime error without its code and the place in its sources."""
    text = str(error).rpartition("ONNXRuntimeError] : ")[2]
    return text.split(" : ", 2)[-1].strip()


def granted_cores() -> int:
    """Cores this process may use: its CPU affinity, bounded by the cgroup's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_MAX.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))
