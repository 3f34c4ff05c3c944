"""NVIDIA's Triton with its Python backend, the only one in the wheel."""

import numpy as np
import served
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


@batch
def infer(x):
    return {"y": served.answer(x)}


def tensors(values):
    return [Tensor(name=each.name, dtype=np.float32, shape=tuple(each.shape[1:])) for each in values]


if __name__ == "__main__":
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=served.PORT,
        grpc_address="127.0.0.1",
        grpc_port=served.GRPC_PORT,
        allow_metrics=False,
    )
    session = served.session()
    with Triton(config=config) as triton:
        triton.bind(
            model_name=served.NAME,
            infer_func=infer,
            inputs=tensors(session.get_inputs()),
            outputs=tensors(session.get_outputs()),
            config=ModelConfig(max_batch_size=served.MOST, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
        )
        triton.serve()
