"""YAML files, read with errors that name the file and the line, and edited without losing comments."""

from io import BytesIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from modelport_engine.errors import EngineError
from modelport_engine.state import files


class YamlError(EngineError):
    """A YAML file cannot be read."""

    exit_code = 2


def load(path: Path) -> dict[str, Any]:
    """The mapping in a file."""
    return _mapping(path, YAML(typ="safe"))


def load_texts(path: Path) -> dict[str, Any]:
    """The mapping in a file with every scalar as it is written: ``1.50`` stays ``"1.50"``."""
    return _mapping(path, YAML(typ="base"))


def edit(path: Path) -> tuple[dict[str, Any], YAML]:
    """The mapping in a file (empty if there is none) for `save`, which keeps its comments and order."""
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10**6
    return (_mapping(path, editor) if path.exists() else {}), editor


def save(path: Path, content: dict[str, Any], editor: YAML) -> None:
    """Write what `edit` gave and the caller changed."""
    text = BytesIO()
    editor.dump(content, text)
    files.replace(path, text.getvalue())


def _mapping(path: Path, yaml: YAML) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(f"{path}:{line}: {error.problem}") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise YamlError(f"{path}: not YAML: {error}") from error
    except OSError as error:
        raise YamlError(f"cannot read {path}: {error.strerror}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise YamlError(f"{path}: expected a mapping")
    return content
