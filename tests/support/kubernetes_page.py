"""What docs/targets/kubernetes.md shows."""

import re
from datetime import date, timedelta
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


def exemptions():
    """Those that the page says GPU pools need."""
    (listed,) = re.findall(r"\*\*Exemptions\.\*\* (.*?)\.\n", PAGE, re.DOTALL)
    (glob,) = re.findall(r"the name `(\S+)`", listed)
    today, shared = date.today(), {"owner": "a@example.com", "reason": "it sees devices", "ticket": "OPS-1"}
    dates = {"created": str(today), "expires": str(today + timedelta(days=90))}
    return [{"rules": re.findall(r"[A-Z]+-\d\d", listed), "match": {"name": glob}, **shared, **dates}]
