"""Signatures of bundles, ours and those of other tools."""

import base64
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from support import models

from modelport.bundle import build
from modelport_server.bundle import BundleError, verify
from modelport_server.bundle.signature import SIGNATURE, check, sign
from modelport_server.bundle.trust import Trust

KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


def private_pem(key, password=None):
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def bundle(tmp_path):
    return build(models.save(models.doubling(), tmp_path / "m.onnx"), tmp_path / "m")


@pytest.mark.parametrize("kind", KEYS)
def test_a_signature_is_of_its_key_alone(bundle, kind):
    key = KEYS[kind]()
    sign(bundle.path, private_pem(key))
    check(bundle.path, public_pem(key))
    with pytest.raises(BundleError, match="bears another signature than that of the key"):
        check(bundle.path, public_pem(KEYS[kind]()))


def test_a_bundle_bears_a_signature_as_it_is(bundle):
    sign(bundle.path, private_pem(KEYS["ed25519"]()))
    assert verify(bundle.path).digest == bundle.digest


@pytest.mark.parametrize("file", ["model/model.onnx", "bundle.json"])
def test_nothing_that_is_signed_can_be_changed(bundle, file):
    key = KEYS["ed25519"]()
    sign(bundle.path, private_pem(key))
    with (bundle.path / file).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(BundleError):  # as a server does it
        Trust(public_key=public_pem(key)).check(verify(bundle.path))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_makes_the_same_signatures(bundle, tmp_path):
    key = KEYS["P-256"]()
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", tmp_path / "key.pem", bundle.path / "bundle.json"],
        capture_output=True,
        check=True,
    )
    (bundle.path / SIGNATURE).write_bytes(base64.b64encode(made.stdout))
    check(bundle.path, public_pem(key))


@pytest.mark.parametrize("content", [b"", b"?", b"AAAA"])
def test_what_is_no_signature_is_refused(bundle, content):
    (bundle.path / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError, match=r"another signature|is not base64"):
        check(bundle.path, public_pem(KEYS["ed25519"]()))


def test_an_unsigned_bundle_is_refused(bundle):
    with pytest.raises(BundleError, match=r"bears no signature: there is no bundle.json.sig"):
        check(bundle.path, public_pem(KEYS["ed25519"]()))


@pytest.mark.parametrize("key", [b"", b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", None])
def test_a_key_of_another_kind_is_refused(bundle, key):
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for act, pem in ((check, public_pem(rsa_key)), (sign, private_pem(rsa_key))):
        with pytest.raises(BundleError, match=r"cannot be read|is not an ed25519 or ECDSA key"):
            act(bundle.path, pem if key is None else key)


def test_a_digest_may_be_demanded(bundle):
    Trust(digests=("sha256:00", bundle.digest.upper().replace("SHA256", "sha256"))).check(bundle)
    with pytest.raises(BundleError, match=f"has digest {bundle.digest}, wanted is sha256:00"):
        Trust(digests=("00",)).check(bundle)
