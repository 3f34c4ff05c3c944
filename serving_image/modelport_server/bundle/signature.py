"""Detached signatures: of a bundle's manifest, whose digest covers all that the model is.

The signature is `bundle.json.sig` beside `bundle.json`: base64 of an ed25519 signature, or of an ECDSA one over SHA-256
in DER, as `cosign sign-blob` and `openssl dgst -sha256 -sign` make it.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.manifest import MANIFEST

SIGNATURE = f"{MANIFEST}.sig"
KINDS = "an ed25519 or ECDSA key in PEM"
SIGN = "Sign it: modelport bundle sign BUNDLE --key private.pem"


def sign(folder: Path, private_key: bytes, password: bytes | None = None) -> Path:
    """Sign the bundle in a folder with a private key in PEM; gives the signature's file.

    Raises:
        BundleError: there is no bundle, or the key cannot sign.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(private_key, password)
    except (TypeError, ValueError) as error:
        raise BundleError("the private key", f"cannot be read: {error}.", f"Give {KINDS}, and its password.") from error
    if not hasattr(key, "sign") or _kind(key) is None:
        raise BundleError("the private key", f"is not {KINDS}.", "Make one: openssl genpkey -algorithm ed25519")
    signature = key.sign(_manifest(folder), *_scheme(key))
    file = folder / SIGNATURE
    file.write_text(base64.b64encode(signature).decode() + "\n", encoding="ascii")
    return file


def check(folder: Path, public_key: bytes) -> None:
    """Whether the bundle in a folder bears the signature of a public key in PEM.

    Raises:
        BundleError: it bears none, or another; or the key is none.
    """
    from cryptography.exceptions import InvalidSignature

    key = read_public_key(public_key)
    try:
        signature = base64.b64decode((folder / SIGNATURE).read_bytes().strip(), validate=True)
    except OSError as error:
        raise BundleError(folder, f"bears no signature: there is no {SIGNATURE}.", SIGN) from error
    except binascii.Error as error:
        raise BundleError(folder / SIGNATURE, "is not base64.", SIGN) from error
    try:
        key.verify(signature, _manifest(folder), *_scheme(key))
    except InvalidSignature as error:
        raise BundleError(folder, "bears another signature than that of the key.", SIGN) from error


def read_public_key(pem: bytes) -> Any:
    """A public key.

    Raises:
        BundleError: it is none, or of another kind.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise BundleError("the public key", f"cannot be read: {error}.", f"Give {KINDS}.") from error
    if _kind(key) is None:
        raise BundleError("the public key", f"is not {KINDS}.", f"Give {KINDS}.")
    return key


def _kind(key: Any) -> str | None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        return "ed25519"
    return "ecdsa" if isinstance(key, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)) else None


def _scheme(key: Any) -> tuple[Any, ...]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    return (ec.ECDSA(SHA256()),) if _kind(key) == "ecdsa" else ()


def _manifest(folder: Path) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BundleError(folder, f"not a bundle: it has no {MANIFEST}.", "Build one first.") from error
