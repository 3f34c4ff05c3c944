"""How a model's inputs and outputs were distributed in data that it is known to serve well."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

FORMAT = 1
BASELINE = "baseline.json"

Side = Literal["input", "output"]


@dataclass(frozen=True)
class Feature:
    """The distribution of one thing that instances have, a number or a word.

    Attributes:
        name: what metrics call it.
        source: where it is: `x`, `x[3]`, `x.mean`, `x.deviation` or `x.confidence`, of a tensor `x`.
        side: whether of an input or an output.
        tensor: its name.
        edges: upper bounds of bins, ascending; above the last there is one more bin. None for categories.
        categories: values that are counted each. None for bins.
        counts: instances in each bin or of each category; the last are those that are no number, or any other value.
    """

    name: str
    source: str
    side: Side
    tensor: str
    edges: tuple[float, ...] | None
    categories: tuple[str | float, ...] | None
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        bins = len(self.categories) if self.categories is not None else len(self.edges or ()) + 1
        if (self.edges is None) == (self.categories is None) or len(self.counts) != bins + 1:
            raise ValueError(f"{self.name}: bins and counts do not agree")
        if any(type(count) is not int or count < 0 for count in self.counts) or not sum(self.counts):
            raise ValueError(f"{self.name}: counts must be whole numbers, and not all 0")
        if self.edges is not None and not _ascending(self.edges):
            raise ValueError(f"{self.name}: edges must be numbers that ascend")


@dataclass(frozen=True)
class Baseline:
    """What the values of a model's inputs and outputs are compared with while it serves.

    It is outside the bundle's digest, as the sample's answer is: it describes what is watched, not what is served. So a
    team renews it, from newer data, without making another model. It names the digest of the model that computed its
    outputs, and is refused beside another.

    Attributes:
        digest: of the bundle that it describes.
        rows: instances that it was made from.
        features: each once.
    """

    digest: str
    rows: int
    features: tuple[Feature, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is written in a bundle."""
        return {"format": FORMAT, **asdict(self)}


def parse(content: Mapping[str, Any], digest: str, tensors: Collection[tuple[str, str]]) -> Baseline:
    """The baseline that `to_json` gave, of the bundle with `digest` and `tensors`: of each its side and its name.

    Raises:
        ValueError: it is none, of another format, or of another bundle.
    """
    if content.get("format") != FORMAT:
        raise ValueError(f"format {content.get('format')!r}, this version reads format {FORMAT}")
    if content.get("digest") != digest:
        raise ValueError(f"made with {content.get('digest')}, the bundle is {digest}")
    try:
        features = tuple(_feature(entry) for entry in content["features"])
        baseline = Baseline(digest, int(content["rows"]), features)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"malformed: {error!r}") from error
    if len({(feature.side, feature.name) for feature in features}) != len(features):
        raise ValueError("a feature is there twice")
    if unknown := [each for each in features if (each.side, each.tensor) not in tensors]:
        raise ValueError(f"the bundle has no {unknown[0].side} {unknown[0].tensor}")
    return baseline


def _feature(entry: Mapping[str, Any]) -> Feature:
    texts = {name: entry[name] for name in ("name", "source", "side", "tensor")}
    if not all(isinstance(text, str) for text in texts.values()) or texts["side"] not in ("input", "output"):
        raise ValueError("malformed: a feature has a name, a source, a tensor, and a side: input or output")
    edges, categories = (None if entry[name] is None else tuple(entry[name]) for name in ("edges", "categories"))
    side: Side = "input" if texts["side"] == "input" else "output"
    return Feature(texts["name"], texts["source"], side, texts["tensor"], edges, categories, tuple(entry["counts"]))


def _ascending(edges: tuple[float, ...]) -> bool:
    numbers = all(type(edge) in (int, float) and math.isfinite(edge) for edge in edges)
    return numbers and all(left < right for left, right in pairwise(edges))
