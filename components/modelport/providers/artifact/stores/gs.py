"""Google Cloud Storage: files over resumable uploads, whole by their md5.

It needs storage.objects.create, .get and .delete (which an upload in place of another object needs, too).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from modelport.bundle.transfer import (
    Interrupted,
    Missing,
    ModelFile,
    Patience,
    SourceError,
    connect,
    endpoint,
    object_url,
    patiently,
)
from modelport.providers.artifact.progress import Progress
from modelport.providers.artifact.slices import SMALLEST, Sliced
from modelport.providers.artifact.unfinished import Unfinished, unfinished
from modelport.providers.crud import Say

from .shelf import SHA256, Folder

SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
MORE = 308  # "resume incomplete"


class GsPrefix(Folder):
    """A bundle below a prefix of a bucket."""

    def __init__(self, address: str):
        super().__init__(address)
        parts = urlsplit(address)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._http = connect(address, SCOPE)

    def holds(self, path: str, sha256: str) -> bool:
        """See Shelf."""
        try:
            found = self._ask("GET", path).json()
        except Missing:
            return False
        return bool(found.get("metadata", {}).get(SHA256) == sha256)

    def put(self, file: ModelFile, origin: Path, progress: Progress, say: Say) -> None:
        """See Shelf."""
        what = f"{self.address}/{file.path}"
        sliced = Sliced.of(origin, file)
        with unfinished(what, say) as session:
            _Upload(self, file, origin, sliced.md5, session, what).run(progress)
        progress.advance(file.size)

    def delete(self, path: str) -> None:
        """See Folder."""
        try:
            self._ask("DELETE", path, fine=(200, 204))
        except Missing:
            return

    def begin(self, file: ModelFile, md5: str) -> str:
        """Open a session for an upload; gives its address."""
        name = quote(self._name(file.path), safe="")
        url = f"{endpoint()}/upload/storage/v1/b/{quote(self._bucket, safe='')}/o?uploadType=resumable&name={name}"
        described = {"metadata": {SHA256: file.sha256}, "md5Hash": md5, "contentType": "application/octet-stream"}
        length = {"X-Upload-Content-Length": str(file.size)}
        return str(self._http.send("POST", url, length, json=described).headers["Location"])

    def send(self, session: str, content_range: str, body: bytes = b"") -> Any:
        """Send a part to a session, or ask how much it has."""
        return self._http.send(
            "PUT",
            session,
            {"Content-Range": f"bytes {content_range}"},
            data=body,
            fine=(200, 201, MORE),
            allow_redirects=False,
        )

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        url = object_url(self._bucket, self._name(path))
        return patiently(f"{self.address}/{path}", lambda: self._http.send(method, url, {}, **options))

    def _name(self, path: str) -> str:
        return f"{self._prefix}/{path}".lstrip("/")


class _Upload:
    """One file on its way."""

    def __init__(
        self, shelf: GsPrefix, file: ModelFile, origin: Path, md5: str, session: Unfinished, what: str
    ):  # fmt: skip
        self._shelf, self._file, self._origin, self._md5 = shelf, file, origin, md5
        self._session, self._what = session, what
        self._stored = 0

    def run(self, progress: Progress) -> None:
        patience = Patience(self._what)
        while True:
            before = self._stored
            try:
                made = self._resume()
                while made is None or not self._is_done(made):
                    progress.reached(self._stored)
                    made = self._advance()
                return
            except Interrupted as error:
                patience.bear(error, progressed=self._stored > before)
            except SourceError:
                self._session.address = ""
                raise

    def _resume(self) -> Mapping[str, Any] | None:
        """How far an interrupted upload came; one whose session has ended begins again."""
        if self._session.address:
            with suppress(SourceError):
                return self._told(self._shelf.send(self._session.address, f"*/{self._file.size}"))
        self._session.address, self._stored = self._shelf.begin(self._file, self._md5), 0
        return None

    def _advance(self) -> Mapping[str, Any] | None:
        with self._origin.open("rb") as stream:
            stream.seek(self._stored)
            block = stream.read(SMALLEST)
        here = f"{self._stored}-{self._stored + len(block) - 1}" if block else "*"
        try:
            return self._told(self._shelf.send(self._session.address, f"{here}/{self._file.size}", block))
        except Missing as error:
            self._session.address = ""
            raise Interrupted("the upload's session has ended") from error

    def _told(self, answer: Any) -> Mapping[str, Any] | None:
        """The object, when it is whole; else notes how much of it is there."""
        if answer.status_code != MORE:
            return dict(answer.json())
        last = answer.headers.get("Range", "").rpartition("-")[2]
        self._stored = int(last) + 1 if last else 0
        return None

    def _is_done(self, made: Mapping[str, Any]) -> bool:
        if (made.get("md5Hash"), int(made.get("size", -1))) != (self._md5, self._file.size):
            raise SourceError(
                self._what, "the store has kept something else.", "Look who else writes there, and run again."
            )
        self._session.address = ""
        return True


def open_shelf(target: str, name: str) -> GsPrefix:
    """`gs://BUCKET/PREFIX`."""
    return GsPrefix(f"{target}/{name}")
