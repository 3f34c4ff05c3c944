"""Azure Blob Storage, with a shared access signature or the identity that azure-identity finds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from modelport_server.bundle.sources.http import Http, HttpStore
from modelport_server.bundle.sources.store import LOOK, SourceError, needed

SCOPE = "https://storage.azure.com/.default"
VERSION = "2021-12-02"  # of the REST API; tokens need 2017-11-09 or later
ENDPOINT = "AZURE_STORAGE_BLOB_ENDPOINT"  # of an emulator, or of another cloud
SIGNATURE = "AZURE_STORAGE_SAS_TOKEN"


class Blobs:
    """The blobs below an address, and what a request for one has to carry."""

    def __init__(self, address: str):
        parts = urlsplit(address)
        self._address = address
        self._base = os.environ.get(ENDPOINT) or f"https://{parts.netloc}.blob.core.windows.net"
        self._prefix = parts.path.strip("/")
        self._signature = os.environ.get(SIGNATURE, "").removeprefix("?")

    def url(self, path: str, **query: str) -> str:
        """Of the blob with a path below the address, which "" names itself."""
        name = quote(f"{self._prefix}/{path}" if path else self._prefix)
        asked = "&".join(part for part in (urlencode(query), self._signature) if part)
        return f"{self._base}/{name}" + (f"?{asked}" if asked else "")

    def headers(self) -> Mapping[str, str]:
        """Version and token; asked each time, as a token may have expired.

        Raises:
            SourceError: there is no token.
        """
        versioned = {"x-ms-version": VERSION}
        return versioned if self._signature else {**versioned, "Authorization": f"Bearer {_token(self._address)}"}


def open_store(source: str) -> HttpStore:
    """`azblob://ACCOUNT/CONTAINER/PREFIX`. It needs to read blobs there and nothing else."""
    blobs = Blobs(source)
    return HttpStore(Http("azblob"), blobs.url, blobs.headers)


def _token(address: str) -> str:
    try:
        return str(_credential().get_token(SCOPE).token)
    except needed("azure.core.exceptions", "azblob").ClientAuthenticationError as error:
        problem = f"there is no token: {str(error).splitlines()[0]}"
        raise SourceError(address, problem, f"{LOOK} A shared access signature goes into {SIGNATURE}.") from error


@cache
def _credential() -> Any:
    return needed("azure.identity", "azblob").DefaultAzureCredential()
