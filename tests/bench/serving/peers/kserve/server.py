"""KServe's Python server. Its batcher is a sidecar written in Go, so there is no batching."""

import numpy as np
import served
from kserve import Model, ModelServer


class Onnx(Model):
    def __init__(self, name):
        super().__init__(name)
        served.session()
        self.ready = True

    def predict(self, payload, headers=None):
        values = np.asarray(payload["instances"], np.float32)
        return {"predictions": served.answer(values).tolist()}


if __name__ == "__main__":
    ModelServer(http_port=served.PORT, workers=1, enable_grpc=False, access_log_format=None).start([Onnx(served.NAME)])
