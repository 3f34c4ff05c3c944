"""Google Cloud Storage, over its JSON API with application default credentials."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote, urlsplit

from modelport_server.bundle.sources.http import HttpStore
from modelport_server.bundle.sources.store import LOOK, SourceError, needed

SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
EMULATOR = "STORAGE_EMULATOR_HOST"  # as Google's own clients have it


def open_store(source: str) -> HttpStore:
    """`gs://BUCKET/PREFIX`. It needs `storage.objects.get` there and nothing else."""
    parts = urlsplit(source)
    prefix = parts.path.lstrip("/")
    endpoint = os.environ.get(EMULATOR) or "https://storage.googleapis.com"

    def url_of(path: str) -> str:
        name = f"{prefix.rstrip('/')}/{path}".lstrip("/") if path else prefix
        return f"{endpoint}/storage/v1/b/{quote(parts.netloc, safe='')}/o/{quote(name, safe='')}?alt=media"

    return HttpStore("gs", url_of, dict, _session(source))


def _session(source: str) -> Any:
    auth, transport = needed("google.auth", "gs"), needed("google.auth.transport.requests", "gs")
    try:
        credentials, _ = auth.default(scopes=[SCOPE])
    except auth.exceptions.DefaultCredentialsError as error:
        if EMULATOR in os.environ:
            return None
        raise SourceError(source, f"there are no credentials: {error}", LOOK) from error
    return transport.AuthorizedSession(credentials)
