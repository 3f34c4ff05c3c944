"""Azure ML's inference server, with this file for its entry script."""

import json
import os
import sys

import numpy as np
import served


def init():
    served.session()


def run(raw_data):
    values = np.asarray(json.loads(raw_data)["instances"], np.float32)
    return {"predictions": served.answer(values).tolist()}


if __name__ == "__main__":
    command = [sys.executable, "-m", "azureml_inference_server_http.amlserver", "--entry_script", __file__]
    os.execv(sys.executable, [*command, "--port", str(served.PORT), "--worker_count", "1"])
