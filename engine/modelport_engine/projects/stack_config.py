"""The config of one stack: ``Pulumi.STACK.yaml`` over the defaults of Pulumi.yaml, as programs get it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects import yaml
from modelport_engine.projects.project import Project
from modelport_engine.state.secrets import Secrets

SECURE = "secure"
SALT = "encryptionsalt"


class ConfigError(EngineError):
    """The config of a stack is wrong."""

    exit_code = 2


@dataclass(frozen=True)
class Value:
    """One value: a text, an object or a list; ``{"secure": CIPHERTEXT}`` may stand for any text in it."""

    content: Any

    @property
    def secret(self) -> bool:
        """Whether some part of it is encrypted."""
        return _has_secure(self.content)

    def text(self, decrypt: Callable[[str], str]) -> str:
        """The value as a program gets it: objects and lists are JSON texts."""
        opened = _open(self.content, decrypt)
        if isinstance(opened, str):
            return opened
        return json.dumps(opened, separators=(",", ":"), sort_keys=True, ensure_ascii=False)

    def to_json(self) -> Any:
        """The value as the history keeps it: encrypted parts stay encrypted."""
        if isinstance(self.content, str) or _is_secure(self.content):
            return self.content
        return {"object": json.dumps(self.content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)}


@dataclass(frozen=True)
class StackConfig:
    """The values of a stack by full key (``namespace:name``), sorted, and the salt of its encrypted ones."""

    file: Path
    values: Mapping[str, Value]
    salt: str | None = None

    @classmethod
    def load(cls, project: Project, stack: str, *, readable: bool = True) -> "StackConfig":
        """The config of a stack; secrets need not be `readable`. Raises ConfigError for what is wrong."""
        file = project.stack_file(stack)
        typed, texts = (yaml.load(file), yaml.load_texts(file)) if file.exists() else ({}, {})
        provider = typed.get("secretsprovider") or "passphrase"
        if readable and provider != "passphrase":
            raise ConfigError(f"{file}: secrets provider {provider!r} is not supported, only 'passphrase'")
        values = _values(typed.get("config") or {}, texts.get("config") or {}, project.name)
        values = _defaults(project, stack, set(values)) | values
        return cls(file, dict(sorted(values.items())), typed.get(SALT))

    @property
    def secret_keys(self) -> list[str]:
        """The keys of secret values."""
        return [key for key, value in self.values.items() if value.secret]

    def texts(self, decrypt: Callable[[str], str]) -> dict[str, str]:
        """What a program gets: every value as text, secrets decrypted."""
        return {key: value.text(decrypt) for key, value in self.values.items()}


def set_value(file: Path, key: str, text: str, secrets: Secrets | None = None) -> None:
    """Write a value into a stack file, keeping its comments; with `secrets`, encrypted, and with their salt."""
    content, editor = yaml.edit(file)
    if secrets:
        content[SALT] = secrets.salt
    content.setdefault("config", {})[key] = {SECURE: secrets.encrypt(text)} if secrets else text
    yaml.save(file, content, editor)


def _values(typed: Mapping[str, Any], texts: Mapping[str, Any], project: str) -> dict[str, Value]:
    contents = {key: texts[key] if _is_scalar(value) else value for key, value in typed.items()}
    return {_key(key, project): Value(content) for key, content in contents.items()}


def _defaults(project: Project, stack: str, given: set[str]) -> dict[str, Value]:
    defaults, missing = {}, []
    for name, declared in project.config.items():
        key = _key(name, project.name)
        content = declared
        if isinstance(declared, dict):
            content = declared.get("value", declared.get("default"))
        if content is not None:
            defaults[key] = Value(_scalar_text(content) if _is_scalar(content) else content)
        elif key not in given:
            missing.append(f"Stack '{stack}' is missing configuration value '{name}'")
    if missing:
        raise ConfigError("\n".join(missing))
    return defaults


def _key(key: str, project: str) -> str:
    namespace, colon, name = str(key).partition(":")
    if not colon:
        return f"{project}:{key}"
    return f"{namespace}:{name.removeprefix('config:')}"


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _scalar_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_secure(content: Any) -> bool:
    return isinstance(content, dict) and content.keys() == {SECURE} and isinstance(content[SECURE], str)


def _has_secure(content: Any) -> bool:
    if _is_scalar(content):
        return False
    parts = content.values() if isinstance(content, dict) else content
    return _is_secure(content) or any(map(_has_secure, parts))


def _open(content: Any, decrypt: Callable[[str], str]) -> Any:
    if _is_scalar(content):
        return content
    if _is_secure(content):
        return decrypt(content[SECURE])
    if isinstance(content, dict):
        return {key: _open(item, decrypt) for key, item in content.items()}
    return [_open(item, decrypt) for item in content]
