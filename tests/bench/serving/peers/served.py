"""The model that a peer's server serves, and where, as the bench says in the environment. Imported by PYTHONPATH."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort

MODEL = Path(os.environ["BENCH_MODEL"])
NAME = MODEL.stem
PORT, GRPC_PORT = int(os.environ["BENCH_PORT"]), int(os.environ["BENCH_GRPC_PORT"])
MOST = int(os.environ["BENCH_MOST"])  # requests that may run as one
WAIT = 0.001  # seconds that a batch may wait for more, where there is no better policy


@cache
def session() -> ort.InferenceSession:
    """With one thread, for one core."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])


def answer(values: np.ndarray) -> np.ndarray:
    return session().run(["y"], {"x": values})[0]
