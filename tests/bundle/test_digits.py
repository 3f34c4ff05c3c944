import csv
import json
import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "stacks" / "models"


@pytest.fixture
def record():
    return json.loads((MODELS / "digits.json").read_text())


def accuracy(model: Path, images: Path) -> float:
    with images.open(newline="") as file:
        rows = np.array(list(csv.reader(file)), dtype=np.float32)
    [labels] = onnxruntime.InferenceSession(str(model)).run(["label"], {"pixels": rows[:, 1:]})
    return round(float((labels == rows[:, 0]).mean()), 4)


def test_the_committed_model_is_as_good_on_the_held_out_images_as_recorded(record):
    assert accuracy(MODELS / "digits.onnx", MODELS / "digits-test.csv") == record["accuracy"] > 0.95
    assert len((MODELS / "digits-test.csv").read_text().splitlines()) == record["tested_on"]
    assert (MODELS / "digits.onnx").stat().st_size < 200_000


def test_training_again_gives_the_recorded_accuracy_and_the_same_held_out_images(record, tmp_path):
    pytest.importorskip("skl2onnx")
    train = runpy.run_path(str(ROOT / "scripts" / "train_digits.py"))["train"]
    assert train(tmp_path)["accuracy"] == pytest.approx(record["accuracy"], abs=0.01)
    assert (tmp_path / "digits-test.csv").read_bytes() == (MODELS / "digits-test.csv").read_bytes()
