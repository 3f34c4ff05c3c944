from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from modelport_server.bundle.errors import BundleError

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
REMEDY = "Export it for the installed onnxruntime, or install a newer one."


def open_session(model: Path, *, threads: int | None = None) -> Any:
    """An onnxruntime session over `model`, with `threads` (default: the cores granted to this process).

    Raises:
        BundleError: onnxruntime refuses the model: an operator, opset or IR version it does not know, damaged weights.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it would report usage and keep a database in HOME
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or granted_cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class
        problem = f"onnxruntime {ort.__version__} cannot load it: {reason(error)}"
        raise BundleError(model, problem, REMEDY) from error


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
