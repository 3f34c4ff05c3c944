"""What was right: a label for an inference, told afterwards."""

from __future__ import annotations

from typing import Any

import orjson

from modelport_server.errors import Fault, Rejected
from modelport_server.inference.catalog import Catalog
from modelport_server.observe.context import ID
from modelport_server.wire.body import parsed_object

FIELDS = ("inference_id", "label", "model")


def decode(body: bytes, models: Catalog, max_bytes: int) -> dict[str, Any]:
    """Read `{"inference_id": ID, "label": ANY, "model": NAME}`; the model is optional.

    Raises:
        Rejected: it is not that, the model is none of ours, or the label has more than `max_bytes` bytes of JSON.
    """
    content = parsed_object(body)
    if unknown := sorted(content.keys() - set(FIELDS)):
        raise Rejected(Fault.INVALID_INPUT, f"unknown field {', '.join(unknown)}: feedback has {', '.join(FIELDS)}")
    if missing := [name for name in FIELDS[:2] if name not in content]:
        raise Rejected(Fault.INVALID_INPUT, f"missing field {', '.join(missing)}")
    identity, name = content["inference_id"], content.get("model")
    if not (isinstance(identity, str) and ID.fullmatch(identity)):
        raise Rejected(Fault.INVALID_INPUT, "inference_id must be the id of an answer: 1 to 128 visible characters")
    if name is not None:
        if not isinstance(name, str):
            raise Rejected(Fault.INVALID_INPUT, "model must be the name of a model")
        models.named(name)
    if (size := len(orjson.dumps(content["label"]))) > max_bytes:
        raise Rejected(Fault.TOO_LARGE, f"the label has {size} bytes, and a record may have {max_bytes}")
    return {"inference_id": identity, "model": name, "label": content["label"]}
