import os
import shlex
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from modelport.cli.console import say
from modelport.cli.errors import UsageError
from modelport.errors import ModelportError

PLACEHOLDER = b"example.com"


def init(
    name: Annotated[str, typer.Argument(help="Name of the service: 3 to 32 lower-case letters, digits, dashes.")],
    model: Annotated[Path, typer.Option("--model", help="The model: an .onnx file.")],
    target: Annotated[str, typer.Option("--target", help="Where it is to run.")] = "local",
    folder: Annotated[Path, typer.Option("--dir", help="The folder of the project.")] = Path(),
) -> None:
    """Start a project: a service file, a stack file, the program, the model, a sample request."""
    root = folder.absolute()
    files = _project_files(name, target)
    _check_name(name)
    files |= _model_files(model, name)
    if there := _in_the_way(root, files):
        listed = ", ".join(map(str, there))
        raise UsageError(f"{root}\n  these files are there already: {listed}. Nothing was written.")
    _write(root, files)
    for path in files:
        say(f"  + {path}")
    where = "" if root == Path.cwd() else f"cd {shlex.quote(str(folder))} && "
    stack = Path(f"Pulumi.{target}.yaml")
    if PLACEHOLDER in files[stack]:
        say(f"\nPut your own names into {stack}: it has placeholders.")
        say(f"next: {where}modelport preview -s {target}")
    else:
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
            text, _, asked = text.partition("template:\n")
            files[Path(f"Pulumi.{target}.yaml")] = _stack_file(asked, name).encode()
        text = text.replace("${PROJECT}", name).replace("${DESCRIPTION}", f"The service {name}")
        files[path.relative_to(source).with_stem(name if path.stem == "service" else path.stem)] = text.encode()
    return files


def _stack_file(asked: str, name: str) -> str:
    """The stack file with what a template would ask for, answered as it proposes."""
    from ruamel.yaml import YAML

    config = YAML(typ="safe").load(asked)["config"]
    lines = [f"  # {each['description']}\n  {key}: {each['default']}\n" for key, each in config.items()]
    return f"config:\n{''.join(lines)}  modelport:services:\n    - {name}\n"


def _check_name(name: str) -> None:
    """The name as the config will judge it, before anything is written."""
    from modelport.spec import Metadata

    try:
        Metadata(name=name)
    except ValueError:
        raise UsageError(
            f"{name}\n  is no name for a service: 3 to 32 lower-case letters, digits and single dashes, a letter first."
        ) from None


def _model_files(model: Path, name: str) -> dict[Path, bytes]:
    """The model with the files that belong to it, and a sample request that is generated for it."""
    from modelport.bundle import BundleError, build

    with tempfile.TemporaryDirectory() as scratch:
        try:
            bundle = build(model, Path(scratch) / "bundle", name=name)
        except BundleError as error:
            raise UsageError(f"--model {error}") from None
        models = bundle.path / "model"
        files = {path.relative_to(models): path.read_bytes() for path in sorted(models.rglob("*")) if path.is_file()}
        sample = (bundle.path / "sample.json").read_bytes()
    named = {path.with_stem(name) if path == Path("model.onnx") else path: data for path, data in files.items()}
    return {**{Path("models") / path: data for path, data in named.items()}, Path("samples", f"{name}.json"): sample}


def _in_the_way(root: Path, files: Collection[Path]) -> list[Path]:
    """What is there already: one of the files, or something else where they need a folder."""
    places = {place for path in files for place in (path, *path.parents)}
    return sorted(
        place for place in places if os.path.lexists(root / place) and (place in files or not (root / place).is_dir())
    )


def _write(root: Path, files: Mapping[Path, bytes]) -> None:
    from modelport.cli.machine import ensure_machine

    try:
        root.mkdir(parents=True, exist_ok=True)
        ensure_machine(root)
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
    except OSError as error:
        raise ModelportError(
            f"{error.filename or root}\n  {error.strerror}. See to its space and permissions, or name another --dir."
        ) from error
