from __future__ import annotations

import io
import json
import sys
from typing import Any

from ruamel.yaml import YAML

from .environment import Environment
from .service import ModelSpec


def dump(config: ModelSpec | Environment) -> str:
    """The YAML text of a service file or a stack file that loads to the same config. Defaults are left out.

    Raises:
        TypeError: an environment made in Python holds outputs of resources, which no file can.
    """
    if isinstance(config, Environment):
        return _text({"config": config.to_config()})
    return _text(config.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _text(data: dict[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = json.dumps(data, ensure_ascii=False).isprintable()  # unescaped, Unicode's line breaks get lost
    yaml.width = sys.maxsize  # ruamel.yaml folds some escaped texts in the wrong place
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()
