"""An MLflow model served by `mlflow models serve`."""

import os
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import served


class Onnx(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        served.session()

    def predict(self, context, model_input, params=None):
        return served.answer(np.asarray(model_input, np.float32))


if __name__ == "__main__":
    saved = Path(tempfile.mkdtemp()) / "model"
    mlflow.pyfunc.save_model(saved, python_model=Onnx(), pip_requirements=[])
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(saved), "--env-manager", "local"]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(served.PORT), "--workers", "1"])
