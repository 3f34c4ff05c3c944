"""Stores on this machine: files over HTTP, with ranges, that break off where a test wants it."""

import base64
import hashlib
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TITLE = "org.opencontainers.image.title"


class Shelf:
    """Files by path.

    `cuts` are numbers of bytes: each later transfer of a body stops after the next of them. `statuses` are answered
    first. `ranges` says whether ranges are known. `asked` are the requests: path, start, headers.
    """

    def __init__(self, files=()):
        self.files = dict(files)
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.ranges = True
        self.asked: list[tuple[str, int, dict]] = []
        self.url = ""

    def put_folder(self, folder: Path, prefix: str) -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                self.files[f"{prefix}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()

    def find(self, request) -> bytes | int:
        """The body for a request, or a status."""
        return self.files.get(unquote(urlsplit(request.path).path), 404)


class Gs(Shelf):
    """The JSON API of Google Cloud Storage, and the token endpoint of a service account."""

    token = "of-google"

    def find(self, request):
        parts = urlsplit(request.path)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return 401
        if parse_qs(parts.query).get("alt") != ["media"]:
            return 400
        bucket, _, name = parts.path.removeprefix("/storage/v1/b/").partition("/o/")
        return self.files.get(f"/{bucket}/{unquote(name)}", 404) if "/" not in name else 400


class Azure(Shelf):
    """Blobs, for a shared access signature or a token."""

    def find(self, request):
        parts = urlsplit(request.path)
        allowed = parts.query == "sig=secret" or request.headers.get("Authorization") == "Bearer of-azure"
        if not allowed or not request.headers.get("x-ms-version"):
            return 403
        return self.files.get(unquote(parts.path), 404)


class Registry(Shelf):
    """An OCI registry that sells a token for a user and a password."""

    def push(self, repository: str, tag: str, layers: dict[str, bytes]) -> str:
        described = []
        for title, content in layers.items():
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            self.files[f"/v2/{repository}/blobs/{digest}"] = content
            described.append({"digest": digest, "size": len(content), "annotations": {TITLE: title}})
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": described}).encode()
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        for reference in (tag, digest):
            self.files[f"/v2/{repository}/manifests/{reference}"] = manifest
        return digest

    def find(self, request):
        if request.path.startswith("/token"):
            if request.headers.get("Authorization") != "Basic " + base64.b64encode(b"me:secret").decode():
                return 401
            scope = parse_qs(urlsplit(request.path).query)["scope"]
            return json.dumps({"token": f"for {scope[0]}"}).encode()
        repository = request.path.removeprefix("/v2/").partition("/manifests")[0].partition("/blobs")[0]
        if request.headers.get("Authorization") != f"Bearer for repository:{repository}:pull":
            return 401
        return self.files.get(request.path, 404)


@contextmanager
def serving(shelf: Shelf):
    """The shelf, at its `url` until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
            shelf.asked.append((self.path, start, dict(self.headers)))
            found = shelf.statuses.pop(0) if shelf.statuses else shelf.find(self)
            if isinstance(found, int):
                return self.answer(found, b"")
            if not shelf.ranges:
                start = 0
            if start and start >= len(found):
                return self.answer(416, b"")
            return self.answer(206 if start else 200, found[start:], shelf.cuts.pop(0) if shelf.cuts else None)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(
                200, json.dumps({"access_token": shelf.token, "expires_in": 3600, "token_type": "Bearer"}).encode()
            )

        def answer(self, status, body, cut=None):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            if status == 401:
                realm = f'Bearer realm="{shelf.url}/token",service="here",scope="ignored"'
                self.send_header("WWW-Authenticate", realm)
            self.end_headers()
            self.wfile.write(body[:cut])
            if cut is not None:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shelf.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
