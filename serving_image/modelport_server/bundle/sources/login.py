"""Who we are to a registry: by the identity of its cloud, or by what `docker login` or `podman login` has left."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelport_server.bundle.sources.http import Http
from modelport_server.bundle.sources.store import LOOK, SourceError, needed

ECR = re.compile(
    r"\d{12}\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(amazonaws\.(com(\.cn)?|eu)|on\.(aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov)"
)
GOOGLE = re.compile(r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)")
AZURE = re.compile(r"[a-z0-9-]+\.azurecr\.(io|cn|us)")
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AZURE_SCOPE = "https://containerregistry.azure.net/.default"
DOCKER_HUB = ("docker.io", "registry-1.docker.io")
IDENTITY = "<token>"  # the user's name in a credential helper's answer that holds an identity token
HELPER_SECONDS = 60


@dataclass(frozen=True)
class Login:
    """A user with a password, or an identity token that buys access tokens."""

    user: str = ""
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """As a header of HTTP wants user and password."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def find_login(host: str) -> Login | None:
    """The login for a registry, or None: nobody in particular.

    Registries of Amazon, Google and Microsoft take the identity that their library finds. Where it finds none, and for
    every other registry, it is that of the files and credential helpers of docker and podman.

    Raises:
        SourceError: a cloud refuses its identity, and no other is there.
    """
    refusal = None
    for pattern, exchange in EXCHANGES:
        if found := pattern.fullmatch(host):
            try:
                return exchange(host, found)
            except SourceError as error:
                refusal = error
    kept = next(_kept(host), None)
    if kept is None and refusal:
        raise refusal
    return kept


def _ecr(host: str, found: re.Match[str]) -> Login:
    errors, boto3 = needed("botocore.exceptions", "s3"), needed("boto3", "s3")
    try:
        answer = boto3.client("ecr", region_name=found["region"]).get_authorization_token()
    except (errors.ClientError, errors.BotoCoreError) as error:
        raise SourceError(host, f"Amazon gives no token: {error}.", f"{LOOK} ecr:GetAuthorizationToken.") from error
    token = base64.b64decode(answer["authorizationData"][0]["authorizationToken"]).decode()
    user, _, password = token.partition(":")
    return Login(user, password)


def _google(host: str, found: re.Match[str]) -> Login:
    auth, transport = needed("google.auth", "gs"), needed("google.auth.transport.requests", "gs")
    try:
        credentials, _ = auth.default(scopes=[GOOGLE_SCOPE])
        credentials.refresh(transport.Request())
    except auth.exceptions.GoogleAuthError as error:
        raise SourceError(host, f"Google gives no token: {error}.", LOOK) from error
    return Login("oauth2accesstoken", str(credentials.token))


def _azure(host: str, found: re.Match[str]) -> Login:
    errors, identity = needed("azure.core.exceptions", "azblob"), needed("azure.identity", "azblob")
    try:
        token = identity.DefaultAzureCredential().get_token(AZURE_SCOPE).token
    except errors.AzureError as error:
        raise SourceError(host, f"Microsoft gives no token: {str(error).splitlines()[0]}", LOOK) from error
    form = {"grant_type": "access_token", "service": host, "access_token": token}
    answer = Http("oci").send("POST", f"https://{host}/oauth2/exchange", {}, data=form)
    return Login(identity=answer.json()["refresh_token"])


EXCHANGES: tuple[tuple[re.Pattern[str], Callable[[str, re.Match[str]], Login]], ...] = (
    (ECR, _ecr),
    (GOOGLE, _google),
    (AZURE, _azure),
)


def _kept(host: str) -> Iterator[Login]:
    """What the files of docker and podman have for a registry."""
    names = ["docker.io", "https://index.docker.io/v1/"] if host in DOCKER_HUB else []
    names += [host, f"https://{host}", f"https://{host}/v1/"]
    for file in _files():
        with suppress(OSError, ValueError, AttributeError):
            known = json.loads(file.read_bytes())
            for name in names:
                helper = known.get("credHelpers", {}).get(name) or known.get("credsStore")
                if helper and (login := _of_helper(helper, name)):
                    yield login
                elif entry := known.get("auths", {}).get(name):
                    yield from _of_entry(entry)


def _of_entry(entry: dict[str, Any]) -> Iterator[Login]:
    user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    if user or entry.get("identitytoken"):
        yield Login(user, password, entry.get("identitytoken", ""))


def _of_helper(helper: str, name: str) -> Login | None:
    """What a credential helper says, which docker's protocol asks on its standard input."""
    if not re.fullmatch(r"[A-Za-z0-9._-]+", helper):
        return None
    with suppress(OSError, ValueError, LookupError, subprocess.SubprocessError):
        told = subprocess.run(
            [f"docker-credential-{helper}", "get"],
            input=name.encode(), capture_output=True, check=True, timeout=HELPER_SECONDS,
        )  # fmt: skip
        answer = json.loads(told.stdout)
        if answer["Username"] == IDENTITY:
            return Login(identity=answer["Secret"])
        return Login(answer["Username"], answer["Secret"])
    return None


def _files() -> list[Path]:
    named = [Path(os.environ["REGISTRY_AUTH_FILE"])] if "REGISTRY_AUTH_FILE" in os.environ else []
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    podman = [Path(runtime, "containers", "auth.json")] if runtime else []
    return [*named, docker, *podman]
