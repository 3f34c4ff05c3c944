"""The models of the repository's own services, and the scripts that train them."""

import csv
import json
import runpy
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "stacks" / "models"
BRIGHTEST = 16


@pytest.fixture
def train(tmp_path):
    """Train a service's models again, into a folder; gives the record."""
    pytest.importorskip("skl2onnx")
    return lambda name: runpy.run_path(str(ROOT / "scripts" / f"train_{name}.py"))["train"](tmp_path)


@pytest.fixture
def held():
    """The held-out images as the service's clients have them, float32[599, 64] of 0 to 16, and their labels."""
    with (MODELS / "digits-test.csv").open(newline="") as file:
        rows = np.array(list(csv.reader(file)), dtype=np.float32)
    return rows[:, 1:], rows[:, 0]


def recorded(name):
    return json.loads((MODELS / f"{name}.json").read_text())


def accuracy(model, images, labels):
    [given] = onnxruntime.InferenceSession(MODELS / model).run(["label"], images)
    return round(float((given == labels).mean()), 4)


def test_digits_is_as_good_on_the_held_out_images_as_recorded(held):
    pixels, labels = held
    record = recorded("digits")
    assert accuracy("digits.onnx", {"pixels": pixels}, labels) == record["accuracy"] > 0.95
    assert len(labels) == record["tested_on"]
    assert (MODELS / "digits.onnx").stat().st_size < 200_000


def test_vision_is_as_good_on_the_held_out_images_as_recorded_and_its_second_version_better(held):
    pixels, labels = held
    images = {"images": pixels.reshape(-1, 1, 8, 8) / BRIGHTEST}
    found = {name: accuracy(f"{name}.onnx", images, labels) for name in ("vision-1", "vision-2")}
    assert found == recorded("vision")["accuracy"]
    assert 0.95 < found["vision-1"] < found["vision-2"]


def test_training_digits_again_gives_the_recorded_accuracy_and_the_same_held_out_images(train, tmp_path):
    assert train("digits")["accuracy"] == pytest.approx(recorded("digits")["accuracy"], abs=0.01)
    assert (tmp_path / "digits-test.csv").read_bytes() == (MODELS / "digits-test.csv").read_bytes()


def test_training_vision_again_gives_the_recorded_accuracies(train):
    assert train("vision")["accuracy"] == pytest.approx(recorded("vision")["accuracy"], abs=0.01)
