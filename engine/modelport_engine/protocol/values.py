"""Property values in memory, on the wire and in state.

In memory a value is plain Python (None, bool, int, float, str, list, dict), `UNKNOWN`, a `Secret` or an `Output`.
Assets, archives and resource references stay the signed dictionaries that the protocol sends.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf import struct_pb2

from modelport_engine.protocol.urn import Urn

Properties = dict[str, Any]

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
# Peers written in other languages say which type is unknown; what follows from it is the same.
UNKNOWN_SENTINELS = frozenset({
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
})  # fmt: skip
LARGEST_PLAIN_NUMBER = 1e21  # from here on JSON texts use an exponent


class Unknown(Enum):
    """The type of `UNKNOWN`, a value that only an update will know."""

    UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True, repr=False)
class Secret:
    """A value that state encrypts and displays hide."""

    value: Any

    def __repr__(self) -> str:
        return "Secret([secret])"


@dataclass(frozen=True)
class Output:
    """A value with the URNs that it depends on, as component providers exchange it."""

    value: Any = UNKNOWN
    secret: bool = False
    dependencies: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Output({Secret(None) if self.secret else self.value!r}, dependencies={self.dependencies!r})"

    def unwrap(self) -> Any:
        """The value without its dependencies: plain, UNKNOWN or a Secret."""
        return Secret(self.value) if self.secret else self.value


Seal = Callable[[str], Mapping[str, str]]
"""Turns the JSON text of a secret's value into what state has beside the signature, ``{"ciphertext": ...}`` mostly."""


def show(text: str) -> Mapping[str, str]:
    """A seal that leaves secrets readable, as ``export --show-secrets`` does."""
    return {"plaintext": text}


def hide(_: str) -> Mapping[str, str]:
    """A seal that loses secrets, for events and displays."""
    return {"ciphertext": "[secret]"}


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties that a protobuf Struct carries."""
    return {key: _from_wire(value) for key, value in struct.fields.items()}


def to_struct(
    properties: Mapping[str, Any], *, secrets: bool = True, outputs: bool = False, resources: bool = True
) -> struct_pb2.Struct:
    """The Struct of the properties; what the peer does not support is sent as the value inside (a resource: its id)."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _fill(struct.fields[key], value, secrets, outputs, resources)
    return struct


def to_state(value: Any, seal: Seal) -> Any:
    """The JSON form of a value in a checkpoint, an export or an event; keys are sorted as in the real engine."""
    match value:
        case Secret():
            return {
                SIGNATURE_KEY: SECRET,
                **seal(json.dumps(to_state(value.value, seal), separators=(",", ":"), ensure_ascii=False)),
            }
        case Output():
            return to_state(value.unwrap(), seal)
        case Unknown():
            return value.value
        case dict():
            return {key: to_state(value[key], seal) for key in sorted(value)}
        case list() | tuple():
            return [to_state(item, seal) for item in value]
        case float():
            return _number(value)
    return value


def from_state(value: Any, decrypt: Callable[[str], str]) -> Any:
    """The value of a JSON form; `decrypt` turns a ciphertext into the JSON text of the value."""
    if isinstance(value, list):
        return [from_state(item, decrypt) for item in value]
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_SENTINELS else value
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE_KEY) == RESOURCE:
        return _reference(value)
    if value.get(SIGNATURE_KEY) != SECRET:
        return {key: from_state(item, decrypt) for key, item in value.items()}
    text = value["plaintext"] if "plaintext" in value else decrypt(value["ciphertext"])
    return Secret(from_state(json.loads(text), decrypt))


def hide_secrets(value: Any) -> Any:
    """The JSON form of a value with its secrets hidden."""
    return to_state(value, hide)


def strip_secrets(value: Any) -> Any:
    """The value without secrets and outputs: what lies in them stands in the open."""
    match value:
        case Secret() | Output():
            return strip_secrets(value.value)
        case dict():
            return {key: strip_secrets(item) for key, item in value.items()}
        case list() | tuple():
            return [strip_secrets(item) for item in value]
    return value


def restore_secrets(value: Any, like: Any) -> Any:
    """The value with secrets where `like` has them, for answers of peers that know no secrets."""
    if isinstance(like, Output):
        like = like.unwrap()
    if isinstance(like, Secret):
        return value if isinstance(value, Secret) else Secret(restore_secrets(value, like.value))
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: restore_secrets(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(like, list):
        rest = value[len(like) :]
        return [restore_secrets(item, other) for item, other in zip(value, like, strict=False)] + rest
    return value


def plain_outputs(value: Any) -> Any:
    """The value without the dependencies that component providers note inside it."""
    match value:
        case Output():
            return plain_outputs(value.unwrap())
        case Secret():
            return Secret(plain_outputs(value.value))
        case dict():
            return {key: plain_outputs(item) for key, item in value.items()}
        case list():
            return [plain_outputs(item) for item in value]
    return value


def as_outputs(value: Any) -> Any:
    """The value with an Output for everything unknown or secret, as transforms get it."""
    match value:
        case Unknown():
            return Output()
        case Secret():
            return Output(as_outputs(value.value), secret=True)
        case dict():
            return {key: as_outputs(item) for key, item in value.items()}
        case list():
            return [as_outputs(item) for item in value]
    return value


def dependencies(value: Any) -> set[str]:
    """The URNs that some part of the value depends on."""
    return {urn for part in _parts(value) if isinstance(part, Output) for urn in part.dependencies}


def contains_unknown(value: Any) -> bool:
    """Whether some part of the value is not known yet."""
    return any(part is UNKNOWN for part in _parts(value))


def contains_secret(value: Any) -> bool:
    """Whether some part of the value is secret."""
    return any(isinstance(part, Secret) or (isinstance(part, Output) and part.secret) for part in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    yield value
    match value:
        case Secret() | Output():
            yield from _parts(value.value)
        case dict():
            for item in value.values():
                yield from _parts(item)
        case list() | tuple():
            for item in value:
                yield from _parts(item)


def _from_wire(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            return _number(value.number_value)
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWN_SENTINELS else value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_from_wire(item) for item in value.list_value.values]
        case "struct_value":
            return _unsigned(from_struct(value.struct_value))
    return None


def _unsigned(signed: Properties) -> Any:
    match signed.get(SIGNATURE_KEY):
        case s if s == SECRET:
            return Secret(signed.get("value"))
        case s if s == OUTPUT:
            return Output(
                signed.get("value", UNKNOWN), bool(signed.get("secret")), tuple(signed.get("dependencies") or ())
            )
        case s if s == RESOURCE:
            return _reference(signed)
    return signed


def _reference(signed: Properties) -> Properties:
    """A reference as state has it; what the wire has besides follows from the URN."""
    known = {key: signed[key] for key in (SIGNATURE_KEY, "urn", "id") if key in signed}
    return known | {"packageVersion": signed.get("packageVersion", "")}


def _number(value: float) -> int | float:
    return int(value) if abs(value) < LARGEST_PLAIN_NUMBER and value.is_integer() else value


def _fill(target: struct_pb2.Value, value: Any, secrets: bool, outputs: bool, resources: bool) -> None:
    match value:
        case None:
            target.null_value = struct_pb2.NULL_VALUE
        case bool():
            target.bool_value = value
        case int() | float():
            target.number_value = value
        case str():
            target.string_value = value
        case Unknown():
            target.string_value = value.value
        case list() | tuple():
            target.list_value.SetInParent()
            for item in value:
                _fill(target.list_value.values.add(), item, secrets, outputs, resources)
        case dict():
            if value.get(SIGNATURE_KEY) == RESOURCE:
                if not resources:
                    return _fill(target, value.get("id") or value["urn"], secrets, outputs, resources)
                urn = Urn(value["urn"])
                value = {key: item for key, item in value.items() if item} | {"name": urn.name, "type": urn.type}
            target.struct_value.SetInParent()
            for key, item in value.items():
                _fill(target.struct_value.fields[key], item, secrets, outputs, resources)
        case Secret():
            signed = {SIGNATURE_KEY: SECRET, "value": value.value}
            _fill(target, signed if secrets else value.value, secrets, outputs, resources)
        case Output():
            _fill(target, _signed(value) if outputs else value.unwrap(), secrets, outputs, resources)
        case _:
            raise TypeError(f"{type(value).__name__} is no property value")
    return None


def _signed(output: Output) -> Properties:
    signed: Properties = {SIGNATURE_KEY: OUTPUT}
    signed |= {} if output.value is UNKNOWN else {"value": output.value}
    signed |= {"secret": True} if output.secret else {}
    return signed | ({"dependencies": list(output.dependencies)} if output.dependencies else {})
