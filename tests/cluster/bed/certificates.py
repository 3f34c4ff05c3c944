"""The cluster's certificate authority."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
LIFETIME = timedelta(days=30)


class Authority:
    """Certificates and keys as files `NAME.crt` and `NAME.key` of a folder that is there; its own name is `ca`."""

    def __init__(self, folder: Path):
        self._folder = folder

    def create(self) -> None:
        """Make the authority's own certificate and key."""
        key, name = _key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-cluster")])
        builder = _builder(name, name, key, key).add_extension(_signing(), critical=True)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self._write("ca", builder.add_extension(constraints, critical=True).sign(key, hashes.SHA256()), key)

    def issue(
        self,
        name: str,
        user: str,
        group: str = "",
        usages: tuple[x509.ObjectIdentifier, ...] = (CLIENT,),
        addresses: tuple[str, ...] = (),
    ) -> None:
        """Write a certificate that this authority signs.

        Args:
            name: the files'.
            user: who the holder is to Kubernetes, and its group.
            usages: what it is good for.
            addresses: IP addresses of a server; one with 127.0.0.1 is localhost as well.
        """
        issuer = x509.load_pem_x509_certificate((self._folder / "ca.crt").read_bytes())
        signer = serialization.load_pem_private_key((self._folder / "ca.key").read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey), "`create` made it"
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        key = _key()
        builder = _builder(subject, issuer.subject, key, signer)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if addresses:
            names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
            names += [x509.DNSName("localhost")] if "127.0.0.1" in addresses else []
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._write(name, builder.sign(signer, hashes.SHA256()), key)

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        secret = self._folder / f"{name}.key"
        secret.touch(mode=0o600)
        secret.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        (self._folder / f"{name}.crt").write_bytes(certificate.public_bytes(encoding))


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """With the identifiers of both keys, which strict verifiers demand."""
    now, public = datetime.now(UTC), key.public_key()
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(above, critical=False)
    )


def _signing() -> x509.KeyUsage:
    no = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False, **no
    )
