"""Train the classifier of handwritten digits that the demo serves; record how well it does on images it has not seen.

The images are the 1,797 of 8x8 pixels (0 to 16) that scikit-learn carries. Writes, in stacks/models:
digits.onnx, digits-test.csv (the held-out third: label, then 64 pixels) and digits.json (the record).
"""

import csv
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

MODELS = Path(__file__).parents[1] / "stacks" / "models"
SEED = 7


def train(folder: Path) -> dict:
    """Write model, test images and record to `folder`; gives the record."""
    images, labels = load_digits(return_X_y=True)
    images, held_images, labels, held_labels = train_test_split(
        images.astype(np.float32), labels, test_size=1 / 3, random_state=SEED, stratify=labels
    )
    network = MLPClassifier(hidden_layer_sizes=(64,), learning_rate_init=0.01, max_iter=300, random_state=SEED)
    classifier = make_pipeline(MinMaxScaler(), network)
    with threadpool_limits(1):  # the same sums in the same order on any number of cores
        classifier.fit(images, labels)
    pixels = [("pixels", FloatTensorType([None, 64]))]
    model = to_onnx(classifier, initial_types=pixels, options={"zipmap": False}, target_opset=18, name="digits")
    (folder / "digits.onnx").write_bytes(model.SerializeToString(deterministic=True))
    with (folder / "digits-test.csv").open("w", newline="") as file:
        rows = np.column_stack([held_labels, held_images]).astype(int).tolist()
        csv.writer(file, lineterminator="\n").writerows(rows)
    record = {
        "accuracy": round(float(classifier.score(held_images, held_labels)), 4),
        "trained_on": len(labels),
        "tested_on": len(held_labels),
        "split_seed": SEED,
        "versions": {name: version(name) for name in ("numpy", "scikit-learn", "skl2onnx")},
    }
    (folder / "digits.json").write_text(json.dumps(record, indent=2) + "\n")
    return record


if __name__ == "__main__":
    print(train(Path(sys.argv[1]) if sys.argv[1:] else MODELS))
