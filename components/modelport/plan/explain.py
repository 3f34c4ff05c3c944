from __future__ import annotations

from dataclasses import replace

from modelport.spec import Leaf, Loaded, Origin
from modelport.spec import explain as explain_everywhere

from .fit import adjustments
from .target import Target


def explain(service: Loaded, target: Target) -> list[Leaf]:
    """Every field of the config as it is on one target: a default that the target cannot honour is replaced.

    Such a leaf has an origin of kind `target` and the value that the target has instead, None where nothing takes the
    place of the default.
    """
    replaced = {each.field: each.given for each in adjustments(service, target)}
    return [
        replace(leaf, value=replaced[leaf.path], origin=Origin("target")) if leaf.path in replaced else leaf
        for leaf in explain_everywhere(service)
    ]
