import os
import sys
from pathlib import Path

import bentoml
import numpy as np
import served


@bentoml.service(workers=1, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Onnx:
    def __init__(self):
        served.session()

    @bentoml.api(batchable=True, max_batch_size=served.MOST)
    def predict(self, instances: np.ndarray) -> np.ndarray:
        return served.answer(instances.astype(np.float32))


if __name__ == "__main__":
    own = Path(__file__)
    command = [sys.executable, "-m", "bentoml", "serve", "--host", "127.0.0.1", "--port", str(served.PORT)]
    os.execv(sys.executable, [*command, "--working-dir", str(own.parent), f"{own.stem}:Onnx"])
