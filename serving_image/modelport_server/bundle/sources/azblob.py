"""Azure Blob Storage, with a shared access signature or the identity that azure-identity finds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from modelport_server.bundle.sources.http import HttpStore
from modelport_server.bundle.sources.store import LOOK, SourceError, needed

SCOPE = "https://storage.azure.com/.default"
VERSION = "2021-12-02"  # of the REST API; tokens need 2017-11-09 or later
ENDPOINT = "AZURE_STORAGE_BLOB_ENDPOINT"  # of an emulator, or of another cloud
SIGNATURE = "AZURE_STORAGE_SAS_TOKEN"


def open_store(source: str) -> HttpStore:
    """`azblob://ACCOUNT/CONTAINER/PREFIX`. It needs to read blobs there and nothing else."""
    parts = urlsplit(source)
    base = os.environ.get(ENDPOINT) or f"https://{parts.netloc}.blob.core.windows.net"
    signature = os.environ.get(SIGNATURE, "").removeprefix("?")
    path_of_all = parts.path.strip("/")

    def url_of(path: str) -> str:
        name = quote(f"{path_of_all}/{path}" if path else path_of_all)
        return f"{base}/{name}" + (f"?{signature}" if signature else "")

    def headers() -> Mapping[str, str]:
        versioned = {"x-ms-version": VERSION}
        return versioned if signature else {**versioned, "Authorization": f"Bearer {_token(source)}"}

    return HttpStore("azblob", url_of, headers)


def _token(source: str) -> str:
    try:
        return str(_credential().get_token(SCOPE).token)
    except needed("azure.core.exceptions", "azblob").ClientAuthenticationError as error:
        problem = f"there is no token: {str(error).splitlines()[0]}"
        raise SourceError(source, problem, f"{LOOK} A shared access signature goes into {SIGNATURE}.") from error


@cache
def _credential() -> Any:
    return needed("azure.identity", "azblob").DefaultAzureCredential()
