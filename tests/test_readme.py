"""What the front page shows is what there is."""

import re
import shlex
from pathlib import Path

import pytest
from support.models import doubling, save
from support.program import Program

from modelport.cli.app import app, run
from modelport.spec import load_service

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands():
    """Every `modelport ...` that a reader might type, up to its first option or argument of their own."""
    typed = re.findall(r"(?<![\w/.-])modelport ((?:[a-z]+)(?: [a-z]+)?)", README)
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    return sorted({words for words in typed if words.split()[0] in known})


@pytest.mark.parametrize("words", commands())
def test_every_command_of_the_front_page_exists(words, capsys):
    command, *rest = shlex.split(words)
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    if command in groups:
        assert rest[0] in {each.name or each.callback.__name__ for each in groups[command].registered_commands}
    assert run([command, "--help"]) == 0


def test_the_front_page_shows_the_commands_of_a_first_visit():
    assert {"init fraud", "preview", "up", "invoke fraud"} <= {*commands()}


def test_the_service_file_of_the_front_page_loads(tmp_path):
    (text,) = blocks("yaml")
    (tmp_path / "fraud.yaml").write_text(text)
    assert load_service(tmp_path / "fraud.yaml").spec.metadata.name == "fraud"


def test_the_program_of_the_front_page_makes_a_server(tmp_path, monkeypatch):
    (text,) = blocks("python")
    (tmp_path / "models").mkdir()
    save(doubling(), tmp_path / "models" / "fraud.onnx")
    monkeypatch.chdir(tmp_path)
    program = Program.run(lambda: exec(compile(text, "README.md", "exec"), {}))
    assert "modelport:local:Server fraud-local-server" in program.names
