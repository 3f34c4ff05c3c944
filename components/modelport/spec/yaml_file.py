from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .document import MAX_DEPTH, Document, Keys, Mark, path_text
from .problem import ConfigError, Problem, nearest, shown_path

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MERGE = "tag:yaml.org,2002:merge"


def read(path: Path) -> Document:
    """The content of a YAML file.

    Raises:
        ConfigError: the file is missing, unreadable, no UTF-8, no YAML, has a key twice, or is too large to be meant.
    """
    name = shown_path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError([_unreadable(path, name, error)]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError([Problem("not UTF-8 text.", name, line, hint="Save the file as UTF-8.")]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([Problem(f"more than {MAX_BYTES:,} bytes: this is no config.", name)])
    return parse(text, name)


def parse(text: str, name: str) -> Document:
    """The content of a YAML text; `name` is what errors call it.

    Raises:
        ConfigError: as `read`.
    """
    yaml = YAML(typ="safe", pure=True)
    builder = _Builder(name, yaml)
    try:
        _check_depth(text, name)
        root = yaml.compose(text)
        data = builder.build(root, ()) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        place = {"line": mark.line + 1, "column": mark.column + 1} if mark else {}
        raise ConfigError([Problem(f"not YAML: {message}.", name, **place)]) from None
    except YAMLError as error:
        line = text[: getattr(error, "position", 0)].count("\n") + 1
        raise ConfigError([Problem(f"not YAML: {str(error).splitlines()[0]}.", name, line)]) from None
    if builder.problems:
        raise ConfigError(builder.problems)
    return Document(data, builder.marks, name)


def _unreadable(path: Path, name: str, error: OSError) -> Problem:
    if not isinstance(error, FileNotFoundError):
        return Problem(f"cannot be read: {error.strerror}.", name)
    siblings = sorted(entry.name for entry in path.parent.iterdir()) if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    if near is not None:
        return Problem("no such file.", name, hint=f"Did you mean {shown_path(path.with_name(near))}?")
    reason = "The folder holds no similar file." if path.parent.is_dir() else "Nor is there such a folder."
    return Problem("no such file.", name, hint=reason)


def _check_depth(text: str, name: str) -> None:
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ConfigError([_problem(f"nested more than {MAX_DEPTH} levels deep.", name, event)])


def _problem(message: str, name: str, node: Any, path: str = "") -> Problem:
    return Problem(message, name, node.start_mark.line + 1, node.start_mark.column + 1, path)


class _Builder:
    """Turns nodes into plain data and notes where each part stands. Aliased values count each time they are used."""

    def __init__(self, name: str, yaml: YAML) -> None:
        self.name = name
        self.marks: dict[Keys, Mark] = {(): Mark(name, 1, 1)}
        self.problems: list[Problem] = []
        self._constructor = yaml.constructor
        self._nodes = 0

    def build(self, node: Node, path: Keys) -> Any:
        self._count(node, path)
        kind = str(node.tag).removeprefix("tag:yaml.org,2002:")
        if isinstance(node, MappingNode) and kind == "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and kind == "seq":
            return [self._marked(item, item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode) and kind in ("null", "bool", "int", "float"):
            return self._scalar(node, kind, path)
        if isinstance(node, ScalarNode) and kind in ("str", "timestamp"):  # a date is a version or a label here
            return node.value
        self._report(f"the tag {kind} has no meaning here.", node, path)
        return None

    def _marked(self, place: Node, node: Node, path: Keys) -> Any:
        number = node.value if str(node.tag).endswith((":int", ":float")) else ""
        self.marks[path] = Mark(self.name, place.start_mark.line + 1, place.start_mark.column + 1, number)
        return self.build(node, path)

    def _mapping(self, node: MappingNode, path: Keys) -> dict[str, Any]:
        merged: dict[str, tuple[Node, Node]] = {}
        own: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if key.tag == MERGE:
                merged = {**dict(self._merged(value, path)), **merged}
            elif not isinstance(key, ScalarNode):
                self._report("a key must be plain text.", key, path)
            elif key.value in own:
                first = own[key.value][0].start_mark.line + 1
                self._report(
                    f"this key stands here a second time; the first is on line {first}.", key, (*path, key.value)
                )
            else:
                own[key.value] = (key, value)
        return {name: self._marked(key, value, (*path, name)) for name, (key, value) in {**merged, **own}.items()}

    def _merged(self, node: Node, path: Keys) -> Iterator[tuple[str, tuple[Node, Node]]]:
        """The pairs that a merge key brings in, the strongest last."""
        self._count(node, path)
        if isinstance(node, SequenceNode):
            for item in reversed(node.value):
                yield from self._merged(item, (*path, "<<"))
        elif isinstance(node, MappingNode):
            for value in (value for key, value in node.value if key.tag == MERGE):
                yield from self._merged(value, (*path, "<<"))
            for key, value in node.value:
                if key.tag != MERGE and isinstance(key, ScalarNode):
                    yield key.value, (key, value)
        else:
            self._report("a merge key (<<) takes a mapping or a list of mappings.", node, path)

    def _scalar(self, node: ScalarNode, kind: str, path: Keys) -> Any:
        try:
            return getattr(self._constructor, f"construct_yaml_{kind}")(node)
        except (ValueError, KeyError, OverflowError):
            self._report(f"{node.value[:40]} is no {kind}.", node, path)
        return None

    def _count(self, node: Node, path: Keys) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise ConfigError(
                [_problem(f"more than {MAX_NODES:,} values after its aliases are resolved.", self.name, node)]
            )
        if len(path) > MAX_DEPTH:
            raise ConfigError([_problem(f"nested more than {MAX_DEPTH} levels deep.", self.name, node)])

    def _report(self, message: str, node: Node, path: Keys) -> None:
        self.problems.append(_problem(message, self.name, node, path_text(path)))
