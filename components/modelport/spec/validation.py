from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .document import Document, Keys, path_text
from .fields import alias_of, description, field_at, leaf_fields, required_leaves
from .problem import ConfigError, Problem, did_you_mean, nearest, shown
from .section import Section

S = TypeVar("S", bound=Section)

TYPES = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text in Unicode",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "invalid_key": "a name in plain text",
}


def validate(model: type[S], document: Document) -> S:
    """The document as a section.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    if found := problems(model, document):
        raise ConfigError(found)
    return model.model_validate(document.data, by_alias=True, by_name=False)


def problems(
    model: type[Section], document: Document, *, prefix: str = "", hidden: Collection[str] = (), partial: bool = False
) -> list[Problem]:
    """Everything that is wrong with a document.

    Args:
        model: what the document should be.
        document: where the data stands.
        prefix: goes before each path.
        hidden: top-level fields whose values must not be shown.
        partial: whether the rest comes from elsewhere, so that nothing is missing and no rule can be judged yet.
    """
    return [
        _problem(error, keys, model, document, prefix, hidden)
        for error in _errors(model, document.data)
        if not (partial and error["type"] in ("missing", "rule"))
        for keys in _places(error, model)
    ]


def _errors(model: type[Section], data: Any) -> list[ErrorDetails]:
    """What pydantic finds, and the broken rules that it would find once what is wrong in single fields is gone."""
    found: list[ErrorDetails] = []
    wrong: list[Keys] = []
    while True:
        try:
            model.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            new = [each for each in error.errors(include_url=False) if not found or _independent(each, wrong)]
        else:
            return found
        if not new:
            return found
        found += new
        wrong += [keys for each in new for keys in _fields(each)]
        if () in wrong:
            return found
        data = _without(data, (), wrong)


def _independent(error: ErrorDetails, wrong: Collection[Keys]) -> bool:
    """Whether an error is a broken rule about fields that are all right by themselves."""
    return error["type"] == "rule" and not any(
        keys[: len(other)] == other or other[: len(keys)] == keys for keys in _fields(error) for other in wrong
    )


def _fields(error: ErrorDetails) -> list[Keys]:
    """The fields that an error is about, the one to show first."""
    loc = tuple(key for key in error["loc"] if key != "[key]")
    if error["type"] != "rule":
        return [loc]
    return [
        (*loc, *(int(key) if key.isdigit() else key for key in field.split("."))) for field in error["ctx"]["fields"]
    ]


def _without(data: Any, at: Keys, wrong: Collection[Keys]) -> Any:
    """The data without the wrong fields; a list that holds one goes as a whole."""
    if not isinstance(data, dict):
        return data
    kept = {}
    for key, value in data.items():
        below = [keys for keys in wrong if keys[: len(at) + 1] == (*at, key)]
        if not any(len(keys) == len(at) + 1 or isinstance(keys[len(at) + 1], int) for keys in below):
            kept[key] = _without(value, (*at, key), below)
    return kept


def _places(error: ErrorDetails, model: type[Section]) -> Iterator[Keys]:
    """The fields to show an error at: of a missing section, those in it that are required."""
    keys = _fields(error)[0]
    _, section = field_at(model, keys)
    if error["type"] == "missing" and section is not None:
        yield from ((*keys, *path.split(".")) for path in required_leaves(section))
    else:
        yield keys


def _problem(
    error: ErrorDetails, keys: Keys, model: type[Section], document: Document, prefix: str, hidden: Collection[str]
) -> Problem:
    show = error["type"] not in ("missing", "extra_forbidden") and keys[:1] not in [(name,) for name in hidden]
    mark = document.mark(keys)
    value = document.value(keys) if show else None
    visible = mark.number or shown(value) if show and keys in document.marks else ""
    message, hint = _help(error, keys, value, visible, model)
    return Problem(message, mark.origin, mark.line, mark.column, prefix + path_text(keys), visible, hint)


def _help(error: ErrorDetails, keys: Keys, value: Any, visible: str, model: type[Section]) -> tuple[str, str]:
    """What is wrong in a sentence, and what to do about it."""
    kind = error["type"]
    info, section = field_at(model, keys)
    meaning = description(info)
    if kind == "rule":
        return f"{error['ctx']['reason']}.".replace("?.", "?").replace("..", "."), ""
    if kind == "missing":
        return "required, but missing.", meaning
    if kind == "extra_forbidden":
        return f"unknown field. {_similar_field(keys, model)}", ""
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", error["ctx"]["expected"])
        near = nearest(value, choices) if isinstance(value, str) else None
        return f"must be {_either(choices)}.", f"Did you mean {near}?" if near else meaning
    if kind == "model_type" and section is not None:
        return f"must be a mapping with fields of {', '.join(_names(section))}.", meaning
    if kind == "string_type" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f'must be text. Write it in quotes: "{visible}".', meaning
    message = f"must be {TYPES[kind]}." if kind in TYPES else f"{_must(error['msg'])}."
    return message, meaning


def _must(message: str) -> str:
    return re.sub(r"^\w+ should ", "must ", message)


def _either(choices: list[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def _names(section: type[Section]) -> list[str]:
    return [alias_of(name, info) for name, info in section.model_fields.items()]


def _similar_field(keys: Keys, model: type[Section]) -> str:
    """A sibling with a similar name, else a field of that name elsewhere, else all siblings."""
    word = str(keys[-1])
    _, section = field_at(model, keys[:-1])
    siblings = _names(section or model)
    elsewhere = [path for path in leaf_fields(model) if path.rsplit(".", 1)[-1] == word]
    if nearest(word, siblings) is None and elsewhere:
        return f"Did you mean {elsewhere[0]}?"
    return did_you_mean(word, siblings)
