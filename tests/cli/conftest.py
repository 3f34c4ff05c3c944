from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.models import doubling, save

from modelport.cli.app import run

STACK = """\
# who: the platform team
config:
  modelport:target: local        # this machine
  modelport:environment: "dev"
  modelport:services:
  - fraud
"""
SERVICE = "metadata: {name: fraud}\nmodel:\n  source: ../models/fraud.onnx\n"


@dataclass(frozen=True)
class Answer:
    """What a command said and exited with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def modelport(capsys):
    """Runs a command line in this process."""

    def command(*words: str) -> Answer:
        capsys.readouterr()
        code = run(list(words))
        return Answer(code, *capsys.readouterr())

    return command


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project of one service and one stack, in the current folder."""
    policies = (f"MODELPORT_POLICY_{name}" for name in ("PROFILE", "EXEMPTIONS", "RULES"))
    for variable in ("PULUMI_STACK", *policies):
        monkeypatch.delenv(variable, raising=False)
    for folder in ("services", "models"):
        (tmp_path / folder).mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text(STACK)
    (tmp_path / "services" / "fraud.yaml").write_text(SERVICE)
    save(doubling(), tmp_path / "models" / "fraud.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path
