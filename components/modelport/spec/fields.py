from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from .section import Section


def leaf_fields(model: type[Section]) -> dict[str, FieldInfo]:
    """Every field of a section and its subsections that holds a value, by its path in YAML (`scaling.target.metric`).

    A list or a map is one leaf, also when it holds sections.
    """
    return dict(_leaf_fields(model, "", required=False))


def required_leaves(model: type[Section]) -> list[str]:
    """Paths of the leaves that a section cannot do without."""
    return [path for path, _ in _leaf_fields(model, "", required=True)]


def leaf_values(section: Section) -> dict[str, Any]:
    """The value of every leaf by its path in YAML; an optional section that is absent is one leaf, None."""
    return dict(_leaf_values(section, "", given=False))


def written(section: Section) -> frozenset[str]:
    """Paths of the leaves that whoever made the section gave, in YAML or in Python; the others are defaults."""
    return frozenset(path for path, _ in _leaf_values(section, "", given=True))


def field_at(model: type[Section], keys: Sequence[str | int]) -> tuple[FieldInfo | None, type[Section] | None]:
    """The field at a path in YAML, which may go through lists and maps, and the section that the value there is."""
    info: FieldInfo | None = None
    kind: Any = model
    for key in keys:
        if _is_section(kind):
            info = next((info for name, info in kind.model_fields.items() if alias_of(name, info) == key), None)
            kind = _kind(info.annotation) if info else None
        elif get_origin(kind) in (tuple, dict):
            kind = _kind(get_args(kind)[1 if get_origin(kind) is dict else 0])
        else:
            info = kind = None
    return info, kind if _is_section(kind) else None


def description(info: FieldInfo | None) -> str:
    """What a field means, in one line."""
    return " ".join(((info and info.description) or "").split())


def alias_of(name: str, info: FieldInfo) -> str:
    """The name of a field in YAML."""
    return info.alias or name


def _leaf_fields(model: type[Section], prefix: str, *, required: bool) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        path, kind = prefix + alias_of(name, info), _kind(info.annotation)
        if required and not info.is_required():
            continue
        if _is_section(kind):
            yield from _leaf_fields(kind, f"{path}.", required=required)
        else:
            yield path, info


def _leaf_values(section: Section, prefix: str, *, given: bool) -> Iterator[tuple[str, Any]]:
    for name, info in type(section).model_fields.items():
        path, value = prefix + alias_of(name, info), getattr(section, name)
        if given and name not in section.model_fields_set:
            continue
        if isinstance(value, Section):
            yield from _leaf_values(value, f"{path}.", given=given)
        else:
            yield path, value


def _kind(annotation: Any) -> Any:
    """The annotation without what only constrains it or makes it optional."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)
