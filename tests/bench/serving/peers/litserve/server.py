import litserve
import numpy as np
import served


class Onnx(litserve.LitAPI):
    def setup(self, device):
        served.session()

    def decode_request(self, request):
        return np.asarray(request["instances"], np.float32)

    def batch(self, inputs):
        return np.concatenate(inputs)

    def predict(self, values):
        return served.answer(values)

    def unbatch(self, output):
        return np.split(output, len(output))

    def encode_response(self, output):
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    api = Onnx(max_batch_size=served.MOST, batch_timeout=served.WAIT)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=served.PORT, log_level="warning", access_log=False, generate_client_file=False)
