"""How many rows a second raw onnxruntime gives, in a process of its own: `raw.py MODEL ROWS THREADS SECONDS`."""

import sys
import time

import numpy as np
import onnxruntime as ort


def main(model: str, rows: int, threads: int, seconds: float) -> None:
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    takes = session.get_inputs()[0]
    values = np.random.default_rng(0).standard_normal((rows, *takes.shape[1:])).astype(np.float32)
    outputs, feeds = [each.name for each in session.get_outputs()], {takes.name: values}
    _runs(session, outputs, feeds, seconds / 4)  # to warm up
    runs, took = _runs(session, outputs, feeds, seconds)
    print(runs * rows / took)


def _runs(session: ort.InferenceSession, outputs: list[str], feeds: dict, seconds: float) -> tuple[int, float]:
    began, runs = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        session.run(outputs, feeds)
        runs += 1
    return runs, took


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
