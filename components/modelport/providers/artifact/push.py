"""Blobs into a repository, over the upload sessions of the OCI distribution API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlencode

from modelport.bundle.transfer import Interrupted, Missing, Patience, SourceError
from modelport.providers.crud import Say

from .content import Content
from .manifest import Descriptor
from .progress import Progress
from .repository import Repository
from .unfinished import Unfinished, unfinished

CHUNK = 16 << 20
LARGEST_CHUNK = 128 << 20
# Amazon's drops what comes after the first chunk (github.com/aws/containers-roadmap/issues/2831), Google's takes none.
WHOLE_ONLY = re.compile(r".*\.(amazonaws\.(com(\.cn)?|eu)|on\.aws|pkg\.dev)|(.*\.)?gcr\.io|ghcr\.io")
STORED = (200, 201, 202, 204)
BINARY = {"Content-Type": "application/octet-stream"}


def push_blob(
    target: Repository, blob: Descriptor, read: Callable[[], Iterator[bytes]], progress: Progress, say: Say,
    mount: str = "",
) -> None:  # fmt: skip
    """Bring a blob into a repository, unless it is there, from where an earlier process was interrupted.

    Args:
        target: where to.
        blob: what.
        read: its bytes, from the first on, each time anew.
        progress: is told what is there.
        say: tells that another run does the same.
        mount: name of another repository of the registry that has it.

    Raises:
        SourceError: its bytes are others, or the registry does not take it.
    """
    what = f"{target}@{blob.digest}"
    with unfinished(what, say) as session:
        if not target.has_blob(blob.digest):
            _Push(target, blob, Content(blob, what, read, progress.reached), session).run(mount)
    progress.advance(blob.size)


class _Push:
    def __init__(self, target: Repository, blob: Descriptor, content: Content, session: Unfinished):
        self._target, self._blob, self._content, self._session = target, blob, content, session
        self._chunk = CHUNK
        self._in_chunks = not WHOLE_ONLY.fullmatch(target.host.partition(":")[0])
        self._stored = 0

    def run(self, mount: str) -> None:
        patience = Patience(f"{self._target}@{self._blob.digest}")
        while True:
            before = self._stored
            try:
                start = self._go_on() if self._session.address else 0
                if not self._session.address and self._begin(mount):
                    return
                self._send(start)
                return
            except Interrupted as error:
                patience.bear(error, progressed=self._stored > before)
                if self._target.has_blob(self._blob.digest):  # only the answer was lost
                    self._session.address = ""
                    return
            except SourceError:
                self._give_up()
                raise

    def _begin(self, mount: str) -> bool:
        """Open a session; not where the registry can take the blob from its other repository."""
        if mount:
            scope = f"repository:{mount}:pull"
            with suppress(SourceError):  # it may not be ours to take
                if self._post({"mount": self._blob.digest, "from": mount}, (scope,)) == 201:
                    return True
        if not self._session.address:
            self._post({}, ())
        return False

    def _post(self, query: dict[str, str], also: tuple[str, ...]) -> int:
        path = "blobs/uploads/" + (f"?{urlencode(query)}" if query else "")
        answer = self._target.send("POST", path, {"Content-Length": "0"}, also=also, fine=(201, 202))
        if answer.status_code == 202:
            self._session.address = self._target.url(answer.headers["Location"])
            least = answer.headers.get("OCI-Chunk-Min-Length", "")
            self._chunk = max(CHUNK, int(least)) if least.isdigit() else CHUNK
        return int(answer.status_code)

    def _go_on(self) -> int:
        """How many bytes the session has; a session that has ended is forgotten."""
        try:
            answer = self._target.send("GET", self._session.address, {}, fine=(200, 202, 204))
        except SourceError:
            self._session.address = ""
            return 0
        self._session.address = self._target.url(answer.headers.get("Location", self._session.address))
        self._stored = _stored(answer.headers.get("Range", ""))
        return self._stored

    def _send(self, start: int) -> None:
        if self._in_chunks and self._blob.size > self._chunk <= LARGEST_CHUNK:
            for chunk in self._content.chunks(start, self._chunk):
                self._patch(start, chunk)
                start += len(chunk)
            self._put(b"")
        else:
            if start:  # of a session in chunks: it cannot take the whole
                self._give_up()
                self._begin("")
            self._put(self._content if self._blob.size else b"")

    def _patch(self, start: int, chunk: bytes) -> None:
        """Send a chunk. A registry that does not take it as the specification says gets the blob whole."""
        end = start + len(chunk)
        headers = {**BINARY, "Content-Range": f"{start}-{end - 1}"}
        try:
            answer = self._target.send("PATCH", self._session.address, headers, data=chunk, fine=STORED)
        except SourceError as error:
            self._take_whole(str(error))
        if _stored(answer.headers.get("Range", "")) != end:
            self._take_whole("a chunk was not taken")
        self._session.address = self._target.url(answer.headers["Location"])
        self._stored = end

    def _take_whole(self, reason: str) -> None:
        self._give_up()
        self._in_chunks = False
        raise Interrupted(reason)

    def _put(self, body: Content | bytes) -> None:
        """Send the whole, or close the session of the chunks."""
        address = self._session.address
        address += ("&" if "?" in address else "?") + urlencode({"digest": self._blob.digest})
        try:
            self._target.send("PUT", address, BINARY, data=body, fine=STORED)
        except Missing as error:
            self._session.address = ""
            raise Interrupted(f"{self._target} has ended the upload") from error
        except Interrupted:
            if body:  # nobody knows how much of it came
                self._give_up()
            raise
        self._session.address = ""

    def _give_up(self) -> None:
        address, self._session.address, self._stored = self._session.address, "", 0
        if address:
            with suppress(SourceError, Interrupted):
                self._target.send("DELETE", address, {}, fine=STORED)


def _stored(text: str) -> int:
    """How many bytes a `Range` header counts: `0-9` are ten, and `0-0` is what registries say of none."""
    last = text.removeprefix("bytes=").partition("-")[2]
    return int(last) + 1 if last.isdigit() and last != "0" else 0
