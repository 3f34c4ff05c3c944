from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .document import Document
from .fields import description, field_at, leaf_values
from .load import Loaded, Origin


@dataclass(frozen=True)
class Leaf:
    """One field of the effective config.

    Attributes:
        path: in YAML, like `scaling.max`.
        value: as plain data, the way YAML writes it.
        doc: what the field means, in one line.
    """

    path: str
    value: Any
    origin: Origin
    doc: str


def explain(loaded: Loaded) -> list[Leaf]:
    """Every field of the effective config, in the order of the schema; an absent optional section is one leaf."""
    spec = loaded.spec
    plain = Document(spec.model_dump(mode="json", by_alias=True))
    return [
        Leaf(path, plain.value(keys), loaded.origins[path], description(field_at(type(spec), keys)[0]))
        for path in leaf_values(spec)
        for keys in [tuple(path.split("."))]
    ]
