from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import say
from modelport.cli.errors import UsageError

if TYPE_CHECKING:
    from modelport.bundle import Bundle

STACK_FILE = """\
config:
  modelport:target: {target}
  modelport:environment: dev
  modelport:services:
    - {name}
"""


def init(
    name: Annotated[str, typer.Argument(help="Name of the service: 3 to 32 lower-case letters, digits, dashes.")],
    model: Annotated[Path, typer.Option("--model", help="The model: an .onnx file.")],
    target: Annotated[str, typer.Option("--target", help="Where it is to run.")] = "local",
    folder: Annotated[Path, typer.Option("--dir", help="The folder of the project.")] = Path(),
) -> None:
    """Start a project: a service file, a stack file, the program, the model, a sample request."""
    from modelport.bundle import build
    from modelport.cli.machine import ensure_machine

    root = folder.absolute()
    files = _project_files(name, target)
    _check_name(name)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = build(model, Path(scratch) / "bundle", name=name)
        content = {**files, **_model_files(bundle, name)}
        if there := [path for path in content if (root / path).exists()]:
            listed = ", ".join(map(str, there))
            raise UsageError(f"{root}\n  these files are there already: {listed}. Nothing was written.")
        for path, data in content.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
    ensure_machine(root)
    for path in content:
        say(f"  + {path}")
    where = "" if root == Path.cwd() else f"cd {folder} && "
    say(f"\n{name} is ready to be deployed to {target}.\nnext: {where}modelport up -s {target}")


def _project_files(name: str, target: str) -> dict[Path, bytes]:
    """The template of a target with the name put in; for Pulumi's own `new` it says how to ask, and we need not."""
    from modelport.cli.templates import template
    from modelport.spec import did_you_mean
    from modelport.targets import NAMES

    if target not in NAMES:
        raise UsageError(f"--target {target}\n  no such target. {did_you_mean(target, NAMES)}".rstrip())
    if (source := template(target)) is None:
        raise UsageError(f"--target {target}\n  not built yet. Use local.")
    files = {}
    for path in sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        text = path.read_text(encoding="utf-8")
        if path.name == "Pulumi.yaml":
            text = text[: text.index("template:\n")]
        text = text.replace("${PROJECT}", name).replace("${DESCRIPTION}", f"The service {name}")
        files[path.relative_to(source).with_stem(name if path.stem == "service" else path.stem)] = text.encode()
    files[Path(f"Pulumi.{target}.yaml")] = STACK_FILE.format(name=name, target=target).encode()
    return files


def _check_name(name: str) -> None:
    """The name as the config will judge it, before anything is written."""
    from modelport.spec import Metadata

    try:
        Metadata(name=name)
    except ValueError:
        raise UsageError(
            f"{name}\n  is no name for a service: 3 to 32 lower-case letters, digits and single dashes, a letter first."
        ) from None


def _model_files(bundle: Bundle, name: str) -> dict[Path, bytes]:
    """The model with the files that belong to it, and the sample request that was generated for it."""
    models = bundle.path / "model"
    files = {path.relative_to(models): path.read_bytes() for path in sorted(models.rglob("*")) if path.is_file()}
    named = {path.with_stem(name) if path == Path("model.onnx") else path: data for path, data in files.items()}
    sample = (bundle.path / "sample.json").read_bytes()
    return {**{Path("models") / path: data for path, data in named.items()}, Path("samples", f"{name}.json"): sample}
