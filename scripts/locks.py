"""Renew requirements/: one hash-pinned, address-free lock per profile, for every platform and Python we support."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("local", "aws", "gcp", "azure", "kubernetes")
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


def compile_lock(name: str, *options: str) -> None:
    subprocess.run(
        [*COMPILE, "pyproject.toml", *options, "requirements/build.in", "-o", f"requirements/{name}.txt"],
        cwd=ROOT,
        check=True,
    )
    print(f"requirements/{name}.txt")


if __name__ == "__main__":
    for extra in EXTRAS:
        compile_lock(extra, "--extra", extra)
    compile_lock("dev", "--extra", "all", "--group", "dev", "--group", "train")
