import sys

import numpy as np
import orjson
import served
from mosec import Server, Worker


class Onnx(Worker):
    def __init__(self):
        served.session()

    def deserialize(self, data):
        return np.asarray(orjson.loads(data)["instances"], np.float32)

    def forward(self, data):
        return np.split(served.answer(np.concatenate(data)), len(data))

    def serialize(self, data):
        return orjson.dumps({"predictions": data}, option=orjson.OPT_SERIALIZE_NUMPY)


if __name__ == "__main__":
    sys.argv += ["--address", "127.0.0.1", "--port", str(served.PORT), "--log-level", "warning"]
    server = Server()
    server.append_worker(Onnx, num=1, max_batch_size=served.MOST, max_wait_time=int(served.WAIT * 1000))
    server.run()
