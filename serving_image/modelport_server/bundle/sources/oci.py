"""Artefacts of an OCI registry: a layer for each file, known by its title, or one layer with an archive."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from modelport_server.bundle.sources.http import LOOPBACK, TIMEOUTS, HttpStore
from modelport_server.bundle.sources.store import LOOK, Interrupted, Missing, SourceError, needed

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
TITLE = "org.opencontainers.image.title"
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class OciStore:
    """One artefact. Credentials are those that `docker login` or `podman login` has written for the registry."""

    def __init__(self, host: str, repository: str, reference: str):
        self._host, self._repository = host, repository
        self._requests = needed("requests", "oci")
        scheme = "http" if urlsplit(f"//{host}").hostname in LOOPBACK else "https"
        self._base = f"{scheme}://{host}/v2/{repository}"
        self._authorization = ""
        self._files = self._layers(reference)
        self.archive = next(iter(self._files)) if len(self._files) == 1 else None
        self.sha256 = self._files[self.archive].removeprefix("sha256:") if self.archive else None
        self._blobs = HttpStore("oci", lambda path: f"{self._base}/blobs/{self._files[path]}", self._headers)

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """See Store."""
        if path not in self._files:
            raise Missing(f"oci://{self._host}/{self._repository}", f"no layer is called {path!r}.", LOOK)
        return self._blobs.read(path, start)

    def _layers(self, reference: str) -> dict[str, str]:
        """The digest of each layer, by its title."""
        manifest = self._manifest(f"{self._base}/manifests/{reference}")
        layers = manifest.get("layers") or []
        titled = [(each.get("annotations", {}).get(TITLE), each["digest"]) for each in layers]
        return {title or f"layer-{number}.tar.gz": digest for number, (title, digest) in enumerate(titled)}

    def _manifest(self, url: str) -> Any:
        accept = {"Accept": MANIFEST}
        try:
            response = self._requests.get(url, headers={**accept, **self._headers()}, timeout=TIMEOUTS)
            if response.status_code == 401:
                self._authorization = self._authorize(response.headers.get("WWW-Authenticate", ""))
                response = self._requests.get(url, headers={**accept, **self._headers()}, timeout=TIMEOUTS)
        except self._requests.RequestException as error:
            raise Interrupted(str(error)) from error
        if response.status_code == 404:
            raise Missing(url, "there is no such artefact.", LOOK)
        if response.status_code != 200:
            raise SourceError(url, f"answered {response.status_code} {response.reason}.", LOOK)
        reference = url.rpartition("/")[2]
        if reference.startswith("sha256:") and reference[7:] != hashlib.sha256(response.content).hexdigest():
            raise SourceError(url, "the registry answered with another manifest.", LOOK)
        return response.json()

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": self._authorization} if self._authorization else {}

    def _authorize(self, challenge: str) -> str:
        """What the registry wants to see: our credentials, or a token that they buy."""
        kind, _, parameters = challenge.partition(" ")
        basic = _login(self._host)
        if kind.lower() == "basic":
            return f"Basic {basic}"
        asked = dict(CHALLENGE.findall(parameters))
        response = self._requests.get(
            asked.pop("realm"),
            params={**asked, "scope": f"repository:{self._repository}:pull"},
            headers={"Authorization": f"Basic {basic}"} if basic else {},
            timeout=TIMEOUTS,
        )
        if response.status_code != 200:
            raise SourceError(f"oci://{self._host}", f"no token: {response.status_code} {response.reason}.", LOOK)
        given = response.json()
        return f"Bearer {given.get('token') or given['access_token']}"


def open_store(source: str) -> OciStore:
    """`oci://REGISTRY/REPOSITORY:TAG` or `...@sha256:DIGEST`."""
    host, _, rest = source.removeprefix("oci://").partition("/")
    repository, _, reference = rest.partition("@")
    if not reference:
        repository, _, reference = rest.partition(":")
    if not (host and repository):
        raise SourceError(source, "names no repository.", "Write oci://REGISTRY/REPOSITORY:TAG.")
    return OciStore(host, repository, reference or "latest")


def _login(host: str) -> str:
    """The user and password for a registry, in base64, or nothing."""
    for file in _login_files():
        try:
            known = json.loads(file.read_bytes()).get("auths", {})
        except (OSError, ValueError):
            continue
        if auth := known.get(host, {}).get("auth"):
            return str(auth)
    return ""


def _login_files() -> list[Path]:
    named = [Path(os.environ["REGISTRY_AUTH_FILE"])] if "REGISTRY_AUTH_FILE" in os.environ else []
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    podman = [Path(runtime, "containers", "auth.json")] if runtime else []
    return [*named, docker, *podman]
