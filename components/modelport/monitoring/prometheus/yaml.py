from io import StringIO
from typing import Any

from ruamel.yaml import YAML


def to_yaml(document: Any) -> str:
    """Plain data as YAML, in its own order, without broken lines."""
    text, yaml = StringIO(), YAML()
    yaml.width = 10_000
    yaml.dump(document, text)
    return text.getvalue()
