"""All in which a replayed run may differ from the recorded one, and why: nothing else is overlooked."""

import re
from typing import Any

# Fields of messages and of entries of state, at any depth.
FIELDS = {
    "serial": "counts the objects in the cloud, in the order in which parallel creates arrive",
    "created": "a time",
    "modified": "a time",
    "sourcePosition": "a path and a line of the program",
    "stackTrace": "paths and lines of the program and the SDK",
    "stackTraceHandle": "random",
    "randomSeed": "random",
    "resourceStatusToken": "random",
    "resourceStatusAddress": "an address",
    "monitorEndpoint": "an address",
    "__provider": "the code of a dynamic provider, pickled",
}
# Parts of texts, what stands for them, and why.
TEXTS = [
    (re.compile(r"-[0-9a-f]{7}\b"), "-NAME", "a name that the provider made from the random seed"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID", "the random id of a provider"),
]
# An empty field and an absent one are the same in protobuf and in a state.
EMPTY: tuple[Any, ...] = ({}, "", [])
# Requests to a provider that belong to its process, and to no resource.
LIFE = ("Handshake", "GetPluginInfo", "Cancel")
# Runs in which a provider reads a secret back in the open: Pulumi's engine then writes it so, this one keeps it secret.
SECRETS_LOST = ("06b-refresh", "17b-refresh-with-pending", "60i-refresh-clear-pending")


def normal(value: Any) -> Any:
    """A value without what may differ; what is empty stays."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items() if key not in FIELDS}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str):
        for pattern, placeholder, _ in TEXTS:
            value = pattern.sub(placeholder, value)
    return value


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a message or an entry that say something."""
    return {key: value for key, value in fields.items() if value not in EMPTY}
