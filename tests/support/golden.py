"""Files that hold what the product gave, reviewed as diffs. `UPDATE_GOLDEN=1` writes them anew."""

import json
import os
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "golden"
HASHES = {r"(?<=sha256:)[0-9a-f]{64}": "DIGEST", r"(?<=settings-)[0-9a-f]{10}": "HASH"}
"""What another version of a library may change."""


def golden(name: str, found: Any, replaced: dict[str, str]) -> tuple[str, str]:
    """The text of a golden file and what it should be; `replaced` are texts that differ from run to run."""
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    for old, new in replaced.items():
        text = text.replace(old, new)
    for pattern, word in HASHES.items():
        text = re.sub(pattern, word, text)
    file = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return file.read_text(), text
