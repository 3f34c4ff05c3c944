"""Strict fakes of what stores and registries are written with. They take nothing that the real ones would refuse."""

import base64
import hashlib
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Request:
    """`whole` says whether the body came to its end."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes
    whole: bool
    url: str

    def form(self):
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Cloud:
    """Answers requests.

    `first` are answers that are given before any other to requests with a body: status and headers. `received` counts
    bytes of bodies, `asked` has method and path of each request.
    """

    first: list = field(default_factory=list)
    received: int = 0
    asked: list = field(default_factory=list)
    url: str = ""

    def take(self, request: Request):
        self.received += len(request.body)
        self.asked.append(f"{request.method} {request.path}")
        if self.first and request.body and request.path != "/token":
            return (*self.first.pop(0), b"")
        found = self.answer(request)
        return found if isinstance(found, tuple) else (found, {}, b"")


def handler_of(cloud_of):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body, whole = self.body(headers)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            query["..."] = parts.query
            scheme = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
            url = f"{scheme}://{headers['host']}"
            cloud = cloud_of(headers["host"])
            asked = Request(self.command, unquote(parts.path), query, headers, body, whole, url)
            status, sent, content = cloud.take(asked)
            if not whole:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in sent.items():
                self.send_header(name, value)
            if "Content-Length" not in sent:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def body(self, headers):
            if headers.get("transfer-encoding"):
                raise AssertionError("a body without a length")
            wanted, read = int(headers.get("content-length", 0)), b""
            while len(read) < wanted:
                try:
                    block = self.rfile.read1(wanted - len(read))
                except OSError:
                    block = b""
                if not block:
                    return read, False
                read += block
            return read, True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def serving(cloud: Cloud):
    """The cloud, at its `url` until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(lambda host: cloud))
    server.daemon_threads = True
    cloud.url, cloud.port = f"http://127.0.0.1:{server.server_port}", server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cloud
    finally:
        server.shutdown()
        server.server_close()


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Gs(Cloud):
    """The JSON API of Google Cloud Storage, and the token endpoint of a service account."""

    QUANTUM = 256 << 10
    token = "of-google-2f9c"

    def __init__(self, public_key):
        super().__init__()
        self.objects, self.sessions, self._public_key = {}, {}, public_key

    def answer(self, request):
        if request.path == "/token":
            return self.sell(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return 401
        if request.path.startswith("/upload/storage/v1/b/"):
            return self.upload(request)
        bucket, _, name = request.path.removeprefix("/storage/v1/b/").partition("/o/")
        found = self.objects.get((bucket, name))
        if found is None:
            return 404
        if request.method == "DELETE":
            del self.objects[bucket, name]
            return 204
        return (200, {}, found["content"] if request.query.get("alt") == "media" else self.described(found))

    def sell(self, request):
        from google.auth import jwt

        form = request.form()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(form["assertion"], certs=self._public_key, audience="https://oauth2.googleapis.com/token")
        assert claims["scope"].startswith("https://www.googleapis.com/auth/devstorage.")
        return 200, {}, json.dumps({"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}).encode()

    def upload(self, request):
        if request.method == "POST":
            if request.query.get("uploadType") != "resumable":
                return 400
            said = json.loads(request.body)
            session = f"/upload/storage/v1/b/s{len(self.sessions)}-c4p4b1l1ty"
            bucket = request.path.split("/")[5]
            total = int(request.headers["x-upload-content-length"])
            self.sessions[session] = {
                "to": (bucket, request.query["name"]),
                "said": said,
                "content": b"",
                "total": total,
            }
            return 200, {"Location": f"{request.url}{session}"}, b""
        session = self.sessions.get(request.path)
        if session is None:
            return 410
        here, _, total = request.headers["content-range"].removeprefix("bytes ").partition("/")
        if int(total) != session["total"] or (here == "*" and request.body):
            return 400
        if here != "*":
            first, last = (int(end) for end in here.split("-"))
            if first > len(session["content"]) or (request.whole and last - first + 1 != len(request.body)):
                return 400
            if request.whole and last + 1 < int(total) and len(request.body) % self.QUANTUM:
                return 400
            if not request.whole:
                session["late"] = (first, request.body[: len(request.body) // self.QUANTUM * self.QUANTUM])
                return 308
            self.keep(session, first, request.body)
        if len(session["content"]) < int(total):
            stored = {"Range": f"bytes=0-{len(session['content']) - 1}"} if session["content"] else {}
            self.keep(session, *session.pop("late", (0, b"")))  # after the answer: as late as it can be
            return 308, stored, b""
        if md5(session["content"]) != session["said"]["md5Hash"]:
            del self.sessions[request.path]
            return 400
        self.objects[session["to"]] = {"content": session["content"], "metadata": session["said"]["metadata"]}
        return 200, {}, self.described(self.objects[session["to"]])

    def keep(self, session, first, body):
        """What is there already is not kept again: the store ignores bytes at offsets that it has."""
        session["content"] += body[len(session["content"]) - first :]

    def described(self, found):
        content = found["content"]
        return json.dumps({"size": str(len(content)), "md5Hash": md5(content), "metadata": found["metadata"]}).encode()

    def names(self):
        return {name for _, name in self.objects}

    def damage(self, name):
        (key,) = [key for key in self.objects if key[1].endswith(name)]
        self.objects[key] = {"content": b"?", "metadata": {}}

    def drop(self, name):
        (key,) = [key for key in self.objects if key[1].endswith(name)]
        del self.objects[key]


class Azure(Cloud):
    """Blobs, for a shared access signature or a token."""

    def __init__(self):
        super().__init__()
        self.blobs, self.blocks = {}, {}

    def answer(self, request):
        allowed = request.query.get("sig") == "hush%2Fhush" or "sig=hush%2Fhush" in request.query["..."]
        if not (allowed or request.headers.get("authorization") == "Bearer of-azure"):
            return 403
        if not request.headers.get("x-ms-version"):
            return 400
        kind = request.query.get("comp")
        if request.method == "PUT":
            return {"block": self.put_block, "blocklist": self.put_list}[kind](request)
        if kind == "blocklist":
            return self.list_blocks(request)
        found = self.blobs.get(request.path)
        if found is None:
            return 404
        if request.method == "DELETE":
            del self.blobs[request.path]
            return 202
        return 200, found["headers"], found["content"]

    def put_block(self, request):
        if not request.whole:
            return 400
        name, blocks = request.query["blockid"], self.blocks.setdefault(request.path, {})
        base64.b64decode(name, validate=True)
        if any(len(each) != len(name) for each in blocks) or request.headers["content-md5"] != md5(request.body):
            return 400
        blocks[name] = request.body
        return 201

    def put_list(self, request):
        from xml.etree import ElementTree

        names = [each.text for each in ElementTree.fromstring(request.body).findall("Latest")]
        blocks = self.blocks.get(request.path, {})
        if any(name not in blocks for name in names):
            return 400
        kept = {name: value for name, value in request.headers.items() if name.startswith("x-ms-meta-")}
        content = b"".join(blocks[name] for name in names)
        assert request.headers["x-ms-blob-content-md5"] == md5(content)
        self.blobs[request.path] = {"content": content, "headers": kept}
        self.blocks.pop(request.path, None)
        return 201

    def list_blocks(self, request):
        if request.path not in self.blocks and request.path not in self.blobs:
            return 404
        assert request.query["blocklisttype"] == "uncommitted"
        blocks = "".join(
            f"<Block><Name>{name}</Name><Size>{len(content)}</Size></Block>"
            for name, content in self.blocks.get(request.path, {}).items()
        )
        return 200, {}, f"<BlockList><UncommittedBlocks>{blocks}</UncommittedBlocks></BlockList>".encode()

    def names(self):
        return {name.removeprefix("/models/") for name in self.blobs}

    def damage(self, name):
        (key,) = [key for key in self.blobs if key.endswith(name)]
        self.blobs[key] = {"content": b"?", "headers": {}}

    def drop(self, name):
        (key,) = [key for key in self.blobs if key.endswith(name)]
        del self.blobs[key]


class Oci(Cloud):
    """An OCI registry.

    Attributes:
        chunks: "kept", "refused", or "dropped" after the first, as Amazon's does it.
        least: what it names as the smallest chunk.
        guard: answers instead, unless it gives None.
        mounts: whether it takes blobs from its other repositories.
    """

    def __init__(self):
        super().__init__()
        self.blobs, self.manifests, self.sessions = {}, {}, {}
        self.chunks, self.least, self.guard = "kept", None, None
        self.mounts = True

    def answer(self, request):
        if self.guard and (refusal := self.guard(request)):
            return refusal
        repository, kind, rest = self.split(request.path)
        answers = {"uploads": self.uploads, "blobs": self.blob, "manifests": self.manifest}
        return answers[kind](request, repository, rest)

    def split(self, path):
        for kind in ("blobs/uploads", "blobs", "manifests"):
            before, found, rest = path.removeprefix("/v2/").partition(f"/{kind}/")
            if found:
                return before, kind.rpartition("/")[2], rest
        raise AssertionError(path)

    def uploads(self, request, repository, session):
        if request.method == "POST":
            if (blob := request.query.get("mount")) and self.mounts and (request.query["from"], blob) in self.blobs:
                self.blobs[repository, blob] = self.blobs[request.query["from"], blob]
                return 201, {"Location": f"/v2/{repository}/blobs/{blob}"}, b""
            session = f"{len(self.sessions)}-s3ss10n"
            self.sessions[session] = b""
            extra = {"OCI-Chunk-Min-Length": str(self.least)} if self.least else {}
            return 202, {**self.where(repository, session), **extra}, b""
        if session not in self.sessions:
            return 404
        if request.method == "DELETE":
            del self.sessions[session]
            return 204
        if request.method == "GET":
            return 204, self.where(repository, session), b""
        return (self.chunk if request.method == "PATCH" else self.close)(request, repository, session)

    def chunk(self, request, repository, session):
        if self.chunks == "refused":
            return 405
        had = self.sessions[session]
        first, last = (int(end) for end in request.headers["content-range"].split("-"))
        if first != len(had) or (request.whole and last - first + 1 != len(request.body)):
            return 416
        if not (self.chunks == "dropped" and had):
            self.sessions[session] += request.body
        return 202, self.where(repository, session), b""

    def close(self, request, repository, session):
        if not request.whole:
            return 400
        content = self.sessions.pop(session) + request.body
        if digest_of(content) != request.query["digest"]:
            return 400, {}, json.dumps({"errors": [{"code": "DIGEST_INVALID", "message": "another digest"}]}).encode()
        self.blobs[repository, request.query["digest"]] = content
        return 201, {"Location": f"/v2/{repository}/blobs/{request.query['digest']}"}, b""

    def where(self, repository, session):
        last = max(0, len(self.sessions[session]) - 1)
        return {"Location": f"/v2/{repository}/blobs/uploads/{session}", "Range": f"0-{last}"}

    def blob(self, request, repository, digest):
        content = self.blobs.get((repository, digest))
        if content is None:
            return 404
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        return 206 if start else 200, {"Content-Length": str(len(content) - start)}, content[start:]

    def manifest(self, request, repository, reference):
        if request.method == "PUT":
            said, digest = json.loads(request.body), digest_of(request.body)
            parts = [*said.get("layers", []), *([said["config"]] if "config" in said else [])]
            missing = [part for part in parts if "urls" not in part and (repository, part["digest"]) not in self.blobs]
            missing += [
                each for each in said.get("manifests", []) if (repository, each["digest"]) not in self.manifests
            ]
            if missing or request.headers["content-type"] != said["mediaType"]:
                return (
                    400,
                    {},
                    json.dumps(
                        {"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "a part is missing"}]}
                    ).encode(),
                )
            if reference.startswith("sha256:") and reference != digest:
                return 400
            self.manifests[repository, reference] = self.manifests[repository, digest] = request.body
            return 201, {"Docker-Content-Digest": digest}, b""
        content = self.manifests.get((repository, reference))
        if content is None:
            return 404
        if request.method == "DELETE":
            for key in [key for key, held in self.manifests.items() if held == content and key[0] == repository]:
                del self.manifests[key]
            return 202
        kind = json.loads(content)["mediaType"]
        assert kind in request.headers["accept"]
        return 200, {"Docker-Content-Digest": digest_of(content), "Content-Type": kind}, content
