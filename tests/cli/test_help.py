import subprocess
import sys

import pytest
import typer

from modelport.cli.app import app

HEAVY = ("pulumi", "grpc", "pydantic", "onnx", "onnxruntime", "numpy", "ruamel", "modelport_engine", "modelport_server")


def paths(command, path=()):
    """Every command and group of commands, by its words."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, (*path, name))


@pytest.mark.parametrize("path", list(paths(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself(modelport, path):
    answer = modelport(*path, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "Usage:" in answer.out


def test_help_imports_nothing_that_takes_time():
    code = "import sys; from modelport.cli.app import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert "modelport.cli.app" in done.stderr.split()
    assert set(HEAVY) & set(done.stderr.split()) == set()


def test_a_misspelt_command_is_wrong_usage(modelport):
    answer = modelport("explian")
    assert (answer.code, answer.out) == (2, "")
    assert "explian" in answer.err
