"""Changes one entry of a stack file. Everything around it stays as people wrote it, byte for byte."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

from modelport.errors import ModelportError

from .errors import UsageError

Pair = tuple[Node, Node]


def with_entry(text: str, keys: Sequence[str], entry: Mapping[str, Any]) -> str:
    """The YAML text with `entry` at the path `keys`; comments and order of what was there before are kept.

    Raises:
        UsageError: the text is one flow mapping from its start, where no part can be changed alone.
    """
    there = _path(YAML().compose(text), keys)
    if not there:
        raise UsageError("the stack file is written in braces. Write it with a line for each key, then run again.")
    config = there[0][1]
    step = config.value[0][0].start_mark.column if _is_block(config) else 2
    innermost, missing = there[-1][1], keys[len(there) :]
    if missing and _is_block(innermost):
        start = stop = _end(text, there[-1])
        column = innermost.value[0][0].start_mark.column
        new = _dumped(_nested(missing, entry), step)
        if not text[:start].endswith("\n"):
            new = "\n" + new
    else:
        start, stop = text.rfind("\n", 0, there[-1][0].start_mark.index) + 1, _end(text, there[-1])
        column = there[-1][0].start_mark.column
        new = _changed(_outdented(text[start:stop], column), keys[len(there) - 1 :], entry, step)
    indented = re.sub(r"(?m)^(?=.)", " " * column, new)
    return text[:start] + (indented.replace("\n", "\r\n") if "\r\n" in text else indented) + text[stop:]


def read(file: Path) -> str:
    """The text of a file with its own line ends."""
    with file.open(encoding="utf-8", newline="") as stream:
        return stream.read()


def write(file: Path, text: str) -> None:
    """Put `text` in the place of the file's content in one step; its line ends and permissions stay.

    Raises:
        ModelportError: the file cannot be written; it is as it was.
    """
    file = file.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
            scratch = Path(folder, file.name)
            with scratch.open("w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            shutil.copymode(file, scratch)
            scratch.replace(file)
    except OSError as error:
        raise ModelportError(f"{file}\n  cannot be written: {error.strerror}. It is as it was.") from None


def _path(node: Node, keys: Sequence[str]) -> list[Pair]:
    """The pairs of nodes along the path, as far as it exists and each stands on lines of its own."""
    pairs: list[Pair] = []
    for key in keys:
        pair = next((each for each in node.value if each[0].value == key), None) if _is_block(node) else None
        if pair is None:
            return pairs
        pairs.append(pair)
        node = pair[1]
    return pairs


def _is_block(node: Node) -> bool:
    return isinstance(node, MappingNode) and not node.flow_style and bool(node.value)


def _end(text: str, pair: Pair) -> int:
    """Where the lines of a pair end: comments and blank lines after its last value are not its own."""
    start = pair[0].start_mark.index
    lines = text[start : pair[1].end_mark.index].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    line_end = text.find("\n", start + len("\n".join(lines)))
    return len(text) if line_end < 0 else line_end + 1


def _outdented(text: str, column: int) -> str:
    return re.sub(rf"(?m)^ {{0,{column}}}", "", text.replace("\r\n", "\n"))


def _changed(text: str, keys: Sequence[str], entry: Mapping[str, Any], step: int) -> str:
    document = _yaml().load(text)
    _merge(document, _nested(keys, entry), len(keys))
    return _dumped(document, step)


def _nested(keys: Sequence[str], entry: Mapping[str, Any]) -> dict[str, Any]:
    value = dict(entry)
    for key in reversed(keys):
        value = {key: value}
    return value


def _merge(old: Any, new: Mapping[str, Any], kept: int) -> None:
    """Give `old` the values of `new`; below the first `kept` levels, it loses what `new` lacks."""
    if kept <= 0:
        for key in [key for key in old if key not in new]:
            del old[key]
    for key, value in new.items():
        if isinstance(value, Mapping):
            if isinstance(old.get(key), str):  # Pulumi takes structures as JSON texts, too
                old[key] = json.loads(old[key])
            if not isinstance(old.get(key), Mapping):
                old[key] = {}
            _merge(old[key], value, kept - 1)
        elif key not in old or old[key] != value:
            old[key] = value


def _dumped(data: Any, step: int) -> str:
    yaml, stream = _yaml(), io.StringIO()
    yaml.indent(mapping=step, sequence=step + 2, offset=step)
    yaml.dump(data, stream)
    return stream.getvalue()


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = sys.maxsize
    return yaml
