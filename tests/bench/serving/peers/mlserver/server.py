"""MLServer has no ONNX runtime on PyPI: this is one. In its own process: with a worker it answers less."""

import asyncio

import served
from mlserver import MLModel, MLServer
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelSettings, Settings
from mlserver.types import InferenceResponse

BATCHED = served.NAME != "logreg"  # of a tiny model it answers more without


class Onnx(MLModel):
    async def load(self):
        served.session()
        return True

    async def predict(self, payload):
        values = served.answer(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("y", values)])


async def main():
    settings = Settings(
        host="127.0.0.1",
        http_port=served.PORT,
        grpc_port=served.GRPC_PORT,
        metrics_endpoint=None,
        parallel_workers=0,
        debug=False,
        use_structured_logging=False,
    )
    batching = {"max_batch_size": served.MOST, "max_batch_time": served.WAIT} if BATCHED else {}
    await MLServer(settings).start([ModelSettings(name=served.NAME, implementation=Onnx, **batching)])


if __name__ == "__main__":
    asyncio.run(main())
