"""Google Cloud Storage, over its JSON API with application default credentials."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote, urlsplit

from modelport_server.bundle.sources.http import Http, HttpStore
from modelport_server.bundle.sources.store import LOOK, Interrupted, SourceError, needed

READ = "https://www.googleapis.com/auth/devstorage.read_only"
EMULATOR = "STORAGE_EMULATOR_HOST"  # as Google's own clients have it


def open_store(source: str) -> HttpStore:
    """`gs://BUCKET/PREFIX`. It needs `storage.objects.get` there and nothing else."""
    parts = urlsplit(source)
    prefix = parts.path.lstrip("/")

    def url_of(path: str) -> str:
        name = f"{prefix.rstrip('/')}/{path}".lstrip("/") if path else prefix
        return f"{object_url(parts.netloc, name)}?alt=media"

    return HttpStore(connect(source, READ), url_of, dict)


def endpoint() -> str:
    """Where the API is."""
    return os.environ.get(EMULATOR) or "https://storage.googleapis.com"


def object_url(bucket: str, name: str) -> str:
    """An object's metadata."""
    return f"{endpoint()}/storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"


def connect(address: str, scope: str) -> Http:
    """Requests with a token of application default credentials, renewed when it expires; an emulator needs none.

    Raises:
        SourceError: there are no credentials.
    """
    auth, transport = needed("google.auth", "gs"), needed("google.auth.transport.requests", "gs")
    try:
        credentials, _ = auth.default(scopes=[scope])
    except auth.exceptions.DefaultCredentialsError as error:
        if EMULATOR in os.environ:
            return Http("gs")
        raise SourceError(address, f"there are no credentials: {error}", LOOK) from error
    return Http("gs", _Session(address, transport.AuthorizedSession(credentials)))


class _Session:
    """Requests with a token, for which Google's library may have to ask first."""

    def __init__(self, address: str, session: Any):
        self._address, self._session = address, session
        self._errors = needed("google.auth.exceptions", "gs")

    def request(self, method: str, url: str, **options: Any) -> Any:
        try:
            return self._session.request(method, url, **options)
        except self._errors.TransportError as error:
            raise Interrupted(str(error)) from error
        except self._errors.GoogleAuthError as error:
            raise SourceError(self._address, f"Google gives no token: {error}.", LOOK) from error
