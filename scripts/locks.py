"""Renew requirements/: one hash-pinned, address-free lock per profile, for every platform and Python we support."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = "tests/bench/serving/peers/*/requirements.in"
IMAGE = ("serving_image/pyproject.toml", "--extra", "image")
EXTRAS = ("local", "aws", "sagemaker", "gcp", "azure", "kubernetes")
COMPILE = (
    "uv",
    "pip",
    "compile",
    "--quiet",
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-package",
    "modelport-server",
    "--no-emit-index-url",
)


def compile_lock(lock: str, *sources: str) -> None:
    subprocess.run([*COMPILE, *sources, "-o", lock], cwd=ROOT, check=True)
    print(lock, flush=True)


if __name__ == "__main__":
    project = ("pyproject.toml", "requirements/build.in")
    for extra in EXTRAS:
        compile_lock(f"requirements/{extra}.txt", *project, "--extra", extra)
    compile_lock("requirements/dev.txt", *project, "--extra", "all", "--group", "dev", "--group", "train")
    compile_lock("requirements/image.txt", *IMAGE)
    gpu = ("requirements/image-gpu.in", "--no-emit-package", "onnxruntime")
    compile_lock("requirements/image-gpu.txt", *IMAGE, *gpu)
    compile_lock("requirements/image-build.txt", "requirements/image-build.in")
    compile_lock("requirements/vendor-models.txt", "requirements/vendor-models.in")
    for wanted in sorted(ROOT.glob(PEERS)):  # each an environment of its own
        source = wanted.relative_to(ROOT)
        compile_lock(str(source.with_suffix(".txt")), str(source))
