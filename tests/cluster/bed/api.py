"""An API server as one of its users sees it."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx

from . import BedError

Object = dict[str, Any]
SECONDS = 15


class ApiError(BedError):
    """What the server answered instead.

    Attributes:
        status: the HTTP status.
        reason: in one word, such as Forbidden or NotFound.
    """

    def __init__(self, response: httpx.Response):
        try:
            answer = response.json()
        except ValueError:
            answer = {}
        self.status = response.status_code
        self.reason = answer.get("reason", "")
        super().__init__(answer.get("message") or f"{response.status_code} {response.text}")


class Api:
    """What the user of a kubeconfig can do; objects are as the server has them.

    Args:
        kubeconfig: one that `write_kubeconfig` wrote.
        server: asked in place of the kubeconfig's.

    Raises:
        ApiError: from every method, with the server's own words.
    """

    def __init__(self, kubeconfig: Path, server: str | None = None):
        config = json.loads(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._client = httpx.Client(
            base_url=server or cluster["server"],
            verify=_tls(cluster, user),
            headers={"Authorization": f"Bearer {user['token']}"} if "token" in user else {},
            timeout=SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),  # so that nobody has to close anything
            trust_env=False,  # a proxy is not for the loopback interface
        )
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def get(self, version: str, kind: str, name: str, namespace: str | None = None) -> Object:
        return self.ask("GET", self.path(version, kind, name, namespace))

    def list(self, version: str, kind: str, namespace: str | None = None, labels: str = "") -> list[Object]:
        """The objects of a kind, in one namespace or in all.

        Args:
            labels: a selector like `app=model,role!=candidate`.
        """
        path = self.path(version, kind, namespace=namespace)
        return self.ask("GET", path, params={"labelSelector": labels})["items"]

    def create(self, item: Object, *, dry_run: bool = False) -> Object:
        options = {"dryRun": "All"} if dry_run else {}
        return self.ask("POST", self._path_of(item, named=False), json=item, params=options)

    def apply(self, item: Object, manager: str = "test", *, force: bool = True, dry_run: bool = False) -> Object:
        """Server-side apply; without `force`, a conflict with another manager is an error."""
        options = {"fieldManager": manager, "force": str(force).lower(), **({"dryRun": "All"} if dry_run else {})}
        return self._patch(self._path_of(item), "apply-patch+yaml", json.dumps(item), options)

    def apply_yaml(self, version: str, kind: str, name: str, text: str) -> Object:
        """Server-side apply of an object as it is written, without reading it here."""
        options = {"fieldManager": "test", "force": "true"}
        return self._patch(self.path(version, kind, name), "apply-patch+yaml", text, options)

    def merge(self, version: str, kind: str, name: str, patch: Object, namespace: str | None = None) -> Object:
        """Change some fields of an object; None removes one."""
        return self._patch(self.path(version, kind, name, namespace), "merge-patch+json", json.dumps(patch), {})

    def delete(self, version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Have an object deleted, and what belongs to it; it may be there for a while."""
        self.ask("DELETE", self.path(version, kind, name, namespace), params={"propagationPolicy": "Background"})

    def ask(self, method: str, path: str, **more: Any) -> Object:
        """What the server answers to any request."""
        return self._answer(method, path, **more).json()

    def text(self, path: str) -> str:
        """What the server answers where that is not JSON, such as a container's log."""
        return self._answer("GET", path).text

    def ready(self, path: str) -> bool:
        """Whether the server answers, and well."""
        try:
            self._answer("GET", path)
        except (httpx.TransportError, ApiError):
            return False
        return True

    def path(self, version: str, kind: str, name: str = "", namespace: str | None = None) -> str:
        """Where objects of a kind are, or one of them."""
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resource, namespaced = self._resource(root, kind)
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{root}{scope}/{resource}" + (f"/{name}" if name else "")

    def _path_of(self, item: Object, *, named: bool = True) -> str:
        metadata = item["metadata"]
        return self.path(item["apiVersion"], item["kind"], metadata["name"] if named else "", metadata.get("namespace"))

    def _resource(self, root: str, kind: str) -> tuple[str, bool]:
        """A kind's name in paths, and whether its objects are in namespaces."""
        if (root, kind) not in self._resources:
            for each in self.ask("GET", root)["resources"]:
                if "/" not in each["name"]:
                    self._resources[root, each["kind"]] = each["name"], each["namespaced"]
        if (root, kind) not in self._resources:
            raise BedError(f"The server has no kind {kind} in {root}.\n  Is its CRD installed?")
        return self._resources[root, kind]

    def _patch(self, path: str, form: str, body: str, options: dict[str, str]) -> Object:
        headers = {"Content-Type": f"application/{form}"}
        return self.ask("PATCH", path, content=body, params=options, headers=headers)

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        response = self._client.request(method, path, **more)
        if response.is_error:
            raise ApiError(response)
        return response


def _tls(cluster: Object, user: Object) -> ssl.SSLContext:
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    if "client-key-data" in user:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))
            file.flush()
            context.load_cert_chain(file.name)
    return context
