"""The command `modelport` in the project of a stack."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import psutil
from support.nurseries import lent
from support.stack import Stack

from modelport.cli.app import run

PROGRAM = """
import pulumi
from modelport import ModelService

names = pulumi.Config("modelport").require_object("services")
pulumi.export("services", {name: ModelService.from_file(f"{name}.yaml").outputs for name in names})
"""
SERVICE = """\
metadata: {name: fraud, owner: risk, costCenter: c1}
model: {source: model.onnx}
security: {dataClass: internal}
governance: {riskClass: minimal}
"""
SERVER = "fraud-local-server"
MODELPORT = "from modelport.cli import main; main()"
REQUEST = {"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}


@dataclass(frozen=True)
class Answer:
    """What a command said and exited with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def modelport(folder: Path, env: Mapping[str, str], *words: str) -> Answer:
    """Run a command line in a folder, in this process but for what engines start."""
    out, err = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
    terminated = signal.getsignal(signal.SIGTERM)
    with ExitStack() as around:
        around.callback(signal.signal, signal.SIGTERM, terminated)
        around.enter_context(chdir(folder))
        around.enter_context(mock.patch.dict(os.environ, env, clear=True))
        around.enter_context(mock.patch("sys.stdin", io.StringIO()))
        around.enter_context(redirect_stdout(out))
        around.enter_context(redirect_stderr(err))
        around.enter_context(mock.patch("modelport.cli.engines.embedded.nursery", lambda *_: lent()))
        code = run(list(words))
    return Answer(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def predict(address: str) -> list[float]:
    """What a service answers to `REQUEST`."""
    answer = httpx.post(f"{address}/infer", json=REQUEST, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"][0]["data"]


class Console(Stack):
    """A stack `dev` of the service `fraud`, and `modelport` in its project, without a terminal.

    The model multiplies by 2, and `train` puts another in its place.
    """

    def __init__(self, folder: Path):
        super().__init__(folder, PROGRAM)
        self.write("fraud.yaml", SERVICE)
        self.configure()
        self.env["PATH"] = os.defpath  # where no other engine is
        for name in [name for name in self.env if name.startswith(("PULUMI_STACK", "MODELPORT_POLICY_"))]:
            del self.env[name]

    def run(self, *words: str) -> Answer:
        """Run a command line in this process."""
        return modelport(self.folder, self.env, *words)

    @contextmanager
    def running(self, *words: str, first: str = "") -> Iterator[subprocess.Popen[str]]:
        """A command line in a process of its own, killed at the end of the block; `first` is code that runs before."""
        process = subprocess.Popen(
            [sys.executable, "-c", f"{first}\n{MODELPORT}", *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def write(self, name: str, text: str) -> None:
        """Put a file of the project."""
        (self.folder / name).write_text(text)

    def add(self, name: str, line: str) -> None:
        """Add a line to a file of the project."""
        self.write(name, f"{(self.folder / name).read_text()}{line}\n")

    def configure(self, **config: Any) -> None:
        """Write the stack file, with more keys: of the namespace `modelport`, or with their own."""
        config = {"target": "local", "environment": "dev", "services": ["fraud"], **config}
        full = {key if ":" in key else f"modelport:{key}": value for key, value in config.items()}
        self.write("Pulumi.dev.yaml", json.dumps({"config": full}))

    @property
    def url(self) -> str:
        """Where the service is, as the outputs in the state say."""
        services = self.state["resources"][0]["outputs"]["services"]
        return services["fraud"]["targets"]["local"]["endpoint"]["url"]

    @property
    def servers(self) -> list[psutil.Process]:
        """The processes of the service."""
        return self.processes(SERVER)

    @property
    def run_dir(self) -> Path:
        """Where the server of the service keeps its files."""
        return self.folder / ".modelport" / "servers" / "dev" / SERVER

    @property
    def state(self) -> dict[str, Any]:
        """What the state holds; raises FileNotFoundError when there is none."""
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    @property
    def state_file(self) -> Path:
        return self.folder / ".pulumi" / "stacks" / "test" / "dev.json"

    @property
    def lock_folder(self) -> Path:
        return self.folder / ".pulumi" / "locks" / "organization" / "test" / "dev"

    @property
    def locks(self) -> list[Path]:
        return [*self.lock_folder.glob("*.json")]
