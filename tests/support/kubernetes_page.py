"""What docs/targets/kubernetes.md shows."""

import re
from pathlib import Path

from ruamel.yaml import YAML

PAGE = (Path(__file__).parents[2] / "docs" / "targets" / "kubernetes.md").read_text()
BLOCKS = [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
ROLES = {block["kind"]: block["rules"] for block in BLOCKS if isinstance(block, dict) and "kind" in block}


def rights_for(plural):
    """The rules that are listed apart, for stacks that make objects of a kind, by its plural."""
    (rules,) = (
        block for block in BLOCKS if isinstance(block, list) and any(plural in rule["resources"] for rule in block)
    )
    return rules
