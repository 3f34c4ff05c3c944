"""`make demo`: bring the digits service up from its YAML, ask it about unseen images, say how well it did."""

import csv
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from modelport.cli.local_env import ensure_local_env

ROOT = Path(__file__).resolve().parent.parent
MODELPORT = Path(sys.executable).parent / "modelport"
MODELS = ROOT / "stacks" / "models"


def main() -> int:
    ensure_local_env(ROOT)
    if modelport("up", "--engine", "embedded", "--yes"):
        return 1
    url = endpoint()
    images, labels = held_out()
    answers = predict(url, images)
    accuracy = sum(answer == label for answer, label in zip(answers, labels, strict=True)) / len(labels)
    recorded = json.loads((MODELS / "digits.json").read_text())["accuracy"]

    print(f"\n{picture(images[0])}\nthe service reads {answers[0]}, the label says {labels[0]}\n")
    print(f"{len(labels)} held-out images: {accuracy:.4f} right; training recorded {recorded:.4f}")
    print(f"\n{url}\nstop it with: {MODELPORT.relative_to(ROOT)} destroy -s local --yes")
    return 0 if round(accuracy, 4) == recorded else 1


def modelport(*arguments: str) -> int:
    return subprocess.run([MODELPORT, *arguments, "-s", "local"], cwd=ROOT).returncode


def endpoint() -> str:
    command = [MODELPORT, "outputs", "-s", "local", "--json"]
    outputs = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    return outputs["services"]["digits"]["targets"]["local"]["endpoint"]["url"]


def held_out() -> tuple[list[list[float]], list[int]]:
    """The images that training did not see, 64 pixels from 0 to 16 each, and their labels."""
    with (MODELS / "digits-test.csv").open() as file:
        rows = [[int(cell) for cell in row] for row in csv.reader(file)]
    return [[float(pixel) for pixel in row[1:]] for row in rows], [row[0] for row in rows]


def predict(url: str, images: list[list[float]]) -> list[int]:
    """The digit that the service reads in each image: one V2 request for all of them."""
    tensor = {"name": "pixels", "shape": [len(images), 64], "datatype": "FP32", "data": images}
    body = json.dumps({"inputs": [tensor]}).encode()
    request = urllib.request.Request(f"{url}/infer", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        outputs = {output["name"]: output["data"] for output in json.load(response)["outputs"]}
    return [int(label) for label in outputs["label"]]


def picture(image: list[float]) -> str:
    shades = " .:-=+*#%@"
    rows = [image[start : start + 8] for start in range(0, 64, 8)]
    return "\n".join("  " + "".join(shades[int(pixel * 9 / 16)] * 2 for pixel in row) for row in rows)


if __name__ == "__main__":
    raise SystemExit(main())
