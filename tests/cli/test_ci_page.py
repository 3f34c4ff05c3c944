import re
from pathlib import Path

from modelport.cli.ci.gates import DEFAULTS

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()


def test_the_page_has_every_gate_with_its_default():
    [block] = re.findall(r"```\n(wrong:.*?)```", PAGE, re.DOTALL)
    said = dict(line.split("#")[0].strip().split(": ") for line in block.splitlines())
    assert said == DEFAULTS
