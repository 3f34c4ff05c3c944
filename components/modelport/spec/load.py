from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from .document import Document
from .environment import Environment
from .fields import leaf_fields, leaf_values, written
from .problem import ConfigError, Problem
from .service import ModelSpec
from .validation import validate
from .yaml_file import read


@dataclass(frozen=True)
class Origin:
    """Where the value of a field comes from.

    Attributes:
        kind: `default`, `file` (the service file), `override` (of the stack), `code` (Python), or `target` (a plan
            replaced a default that its target cannot honour).
        file, line: the place, where there is one.
    """

    kind: Literal["default", "file", "override", "code", "target"]
    file: str = ""
    line: int | None = None


@dataclass(frozen=True)
class Loaded:
    """A service with what is known of where it was written.

    Attributes:
        path: the service file; None when the service was made in Python.
        document: the data that became `spec`, with its places.
    """

    spec: ModelSpec
    path: Path | None = None
    document: Document = field(default_factory=lambda: Document({}))

    @cached_property
    def written(self) -> frozenset[str]:
        """Paths of the leaves that the user wrote."""
        return written(self.spec)

    @cached_property
    def origins(self) -> dict[str, Origin]:
        """Where the value of each leaf of the schema comes from, by its path."""
        return {path: self._origin(path) for path in [*leaf_fields(ModelSpec), *leaf_values(self.spec)]}

    def _origin(self, path: str) -> Origin:
        if path not in self.written:
            return Origin("default")
        if self.path is None:
            return Origin("code")
        mark = self.document.mark(tuple(path.split(".")))
        return Origin("file" if mark.origin == self.document.origin else "override", mark.origin, mark.line)


def load_service(path: Path | str, *, overrides: Mapping[str, Any] | Document | None = None) -> Loaded:
    """The service that a YAML file describes.

    Args:
        path: of the service file.
        overrides: a partial service file, merged last. A document keeps the lines of the file that it stands in
            (`read_stack(file).at("modelport:overrides")`).

    Raises:
        ConfigError: everything that is wrong with file and overrides.
    """
    path = Path(path)
    document = read(path)
    if document.data is None:
        document = replace(document, data={})
    over = overrides if isinstance(overrides, Document) else Document.of(dict(overrides or {}), "modelport:overrides")
    if over.data:
        document = document.merged(over)
    return Loaded(validate(ModelSpec, document), path, document)


def load_environment(stack_file: Path | str, *, project: str = "modelport") -> Environment:
    """The environment that a stack file `Pulumi.<stack>.yaml` describes.

    Raises:
        ConfigError: everything that is wrong with its `modelport:` keys.
    """
    path = Path(stack_file)
    return Environment.from_document(read_stack(path), stack=stack_name(path), project=project)


def read_stack(stack_file: Path | str) -> Document:
    """The `config` of a stack file as it stands there, by full keys (`modelport:target`).

    Raises:
        ConfigError: the file cannot be read, or holds no config.
    """
    document = read(Path(stack_file))
    for part, name in ((document.data, "the file"), (document.value(("config",)), "config")):
        if part is not None and not isinstance(part, dict):
            mark = document.mark(() if name == "the file" else ("config",))
            raise ConfigError([Problem(f"{name} must be a mapping.", mark.origin, mark.line, mark.column)])
    config = document.at("config")
    return replace(config, data=config.data or {})


def stack_name(stack_file: Path) -> str:
    """The stack that a file `Pulumi.<stack>.yaml` belongs to."""
    return stack_file.stem.removeprefix("Pulumi.") or "Pulumi"
