"""The internet as far as tests need it: a proxy that answers for hosts of clouds, over TLS that clients believe."""

import datetime
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.clouds import handler_of

TRUST = ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def certificate(folder: Path, hosts, key=None) -> Path:
    """A file with a certificate for hosts, signed by itself, and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "tls.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(made.public_bytes(pem) + secret)
    return file


@contextmanager
def internet(clouds, folder: Path, monkeypatch):
    """Let requests to hosts of `clouds` be answered by them, and all others fail."""
    file = certificate(folder, clouds)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    for name in TRUST:
        monkeypatch.setenv(name, str(file))
    handler = handler_of(lambda host: clouds[host])
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client):
        with suppress(OSError, ssl.SSLError, StopIteration), client:
            lines = b""
            while b"\r\n\r\n" not in lines:
                lines += client.recv(1 << 12)
            method, place, _ = lines.split(b" ", 2)
            if method != b"CONNECT" or place.decode().removesuffix(":443") not in clouds:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                return
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            with tls.wrap_socket(client, server_side=True) as secured:
                handler(secured, ("127.0.0.1", 0), None)

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    try:
        yield
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
