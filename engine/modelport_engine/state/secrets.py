"""The passphrase that protects a stack's secrets (Pulumi's `passphrase` provider)."""

import base64
import getpass
import hashlib
import os
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError

ITERATIONS = 1_000_000
KEY_BYTES, SALT_BYTES, NONCE_BYTES = 32, 8, 12
CHECK_TEXT = "pulumi"
PROMPT = (
    "Enter your passphrase to unlock config/secrets\n"
    "    (set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to remember): "
)


class SecretsError(EngineError):
    """Secrets cannot be read or written: the passphrase is missing or wrong, or a text is damaged."""


class Secrets:
    """Encrypts and decrypts with a key derived from a passphrase.

    `salt` is the text that state and stack files keep: ``v1:SALT:CHECK``; CHECK, an encrypted word, tells a wrong
    passphrase. Deriving the key takes a good part of a second, so it happens in the background, and a wrong passphrase
    shows at the first use.
    """

    def __init__(self, passphrase: str, salt: str | None = None):
        """Open the secrets of a salt; without one, make a new salt."""
        self._check = ""
        if salt:
            version, _, rest = salt.partition(":")
            encoded, _, self._check = rest.partition(":")
            if version != "v1" or not self._check:
                raise SecretsError(f"the encryption salt {salt!r} is not of the form v1:SALT:CHECK")
        else:
            encoded = base64.b64encode(os.urandom(SALT_BYTES)).decode()
        self._encoded = encoded
        self._key = _derive(passphrase, base64.b64decode(encoded))
        self._cipher: Any = None

    @property
    def salt(self) -> str:
        """What must be kept to open these secrets again."""
        if not self._check:
            self._check = self.encrypt(CHECK_TEXT)
        return f"v1:{self._encoded}:{self._check}"

    def to_json(self) -> dict[str, Any]:
        """The `secrets_providers` of a state."""
        return {"type": "passphrase", "state": {"salt": self.salt}}

    def encrypt(self, text: str) -> str:
        """The ciphertext ``v1:NONCE:DATA`` of a text."""
        nonce = os.urandom(NONCE_BYTES)
        data = self._open().encrypt(nonce, text.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"

    def decrypt(self, ciphertext: str) -> str:
        """The text of a ciphertext. Raises SecretsError for a wrong passphrase or a damaged text."""
        return _decrypt(self._open(), ciphertext)

    def seal(self, text: str) -> dict[str, str]:
        """How state keeps the JSON text of a secret value."""
        return {"ciphertext": self.encrypt(text)}

    def verify(self) -> None:
        """Raise SecretsError if the passphrase is wrong."""
        self._open()

    def _open(self) -> Any:
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            cipher = AESGCM(self._key.result())
            if self._check and not _fits(cipher, self._check):
                raise SecretsError("incorrect passphrase")
            self._cipher = cipher
        return self._cipher


def find_passphrase(env: Mapping[str, str] = os.environ) -> str:
    """The passphrase from PULUMI_CONFIG_PASSPHRASE, its file, or the terminal. Raises SecretsError if there is none."""
    if (given := env.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return given
    if file := env.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SecretsError(f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE: {error.strerror}: {file}") from error
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass.getpass(PROMPT)
    raise SecretsError(
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
    )


def salt_of(deployment: Mapping[str, Any]) -> str | None:
    """The salt that a state was written with. Raises SecretsError for a provider other than `passphrase`."""
    provider = deployment.get("secrets_providers") or {}
    if not provider.get("type"):
        return None
    if provider["type"] != "passphrase":
        raise SecretsError(f"secrets provider {provider['type']!r} is not supported, only 'passphrase'")
    salt: str = provider["state"]["salt"]
    return salt


@lru_cache(maxsize=8)
def _derive(passphrase: str, salt: bytes) -> "Future[bytes]":
    pool = ThreadPoolExecutor(1, thread_name_prefix="key")
    key = pool.submit(hashlib.pbkdf2_hmac, "sha256", passphrase.encode(), salt, ITERATIONS, KEY_BYTES)
    pool.shutdown(wait=False)
    return key


def _decrypt(cipher: Any, ciphertext: str) -> str:
    from cryptography.exceptions import InvalidTag

    version, _, rest = ciphertext.partition(":")
    nonce, _, data = rest.partition(":")
    if version != "v1" or not data:
        raise SecretsError(f"{ciphertext[:20]!r} is not a ciphertext of the form v1:NONCE:DATA")
    try:
        plain: bytes = cipher.decrypt(base64.b64decode(nonce), base64.b64decode(data), None)
    except (InvalidTag, ValueError) as error:
        raise SecretsError(
            "a secret cannot be decrypted: it is damaged, or was encrypted with another passphrase"
        ) from error
    return plain.decode()


def _fits(cipher: Any, check: str) -> bool:
    try:
        return _decrypt(cipher, check) == CHECK_TEXT
    except SecretsError:
        return False
