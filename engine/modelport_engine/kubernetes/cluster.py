import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from modelport_engine.kubernetes.failures import (
    ClusterError,
    NotFound,
    NotLoggedIn,
    failure,
    unknown_kind,
    unreachable,
)
from modelport_engine.kubernetes.objects import Object, described, name_of, namespace_of

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

CONNECT_SECONDS = 5.0
BUSY = (429, 500, 502, 503, 504)  # what may pass by itself: every request of ours may be sent again
ATTEMPTS = 4
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
APPLY = "application/apply-patch+yaml"  # JSON is YAML too
JSON_PATCH = "application/json-patch+json"
DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True)
class Kind:
    """A kind of objects as an API server serves it."""

    path: str  # of its API group and version
    plural: str
    namespaced: bool


class Cluster:
    """One API server, asked as one user; `name` says which in messages. Any thread may ask.

    `log_in` gives a client, and another one when the credentials of the first have expired.

    Every method raises ClusterError, `Unreachable` when nobody answers.
    """

    def __init__(self, log_in: Callable[[], "ApiClient"], name: str, seconds: float):
        self.name = name
        self._log_in = log_in
        self._client = log_in()
        self._seconds = seconds
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._lock = Lock()

    def kind(self, api_version: str, kind: str) -> Kind:
        """How objects of a kind are reached; raises UnknownKind."""
        with self._lock:
            found = self._kinds.get((api_version, kind))
            if found is None:
                self._discover(api_version)
                found = self._kinds.get((api_version, kind))
        if found is None:
            raise unknown_kind(api_version, kind, self.name)
        return found

    def get(self, like: Object) -> Object | None:
        """The object of this kind, namespace and name as it is now; None if there is none."""
        try:
            return self._object("GET", self._path(like), f"read {described(like)}")
        except NotFound:
            return None

    def find(self, like: Object, *, labels: str = "", fields: str = "") -> list[Object]:
        """The objects of the kind and in the namespace of `like`; `labels` and `fields` are selectors."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        answer = self._object("GET", self._path(like, one=False), f"list {like.get('kind')}s", query)
        return [{**like, **item} for item in answer.get("items") or []]

    def apply(self, object: Object, manager: str, *, force: bool = False, dry_run: bool = False) -> Object:
        """Apply an object server-side; returns it as it is then. Raises Conflict when another manager owns a field."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict", **_dry(dry_run)}
        return self._object(
            "PATCH", self._path(object), f"apply {described(object)}", query, self._fitting(object), APPLY
        )

    def replace(self, object: Object, manager: str, *, dry_run: bool = False) -> Object:
        """Put an object, which says of which `resourceVersion` it is, in place of the one there."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", **_dry(dry_run)}
        return self._object("PUT", self._path(object), f"replace {described(object)}", query, self._fitting(object))

    def own(self, live: Object, managed_fields: list[dict[str, Any]]) -> Object:
        """Write who owns an object's fields, unless it has changed since it was read."""
        steps = [
            {"op": "replace", "path": "/metadata/managedFields", "value": managed_fields},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        return self._object("PATCH", self._path(live), f"take over {described(live)}", {}, steps, JSON_PATCH)

    def delete(self, like: Object, propagation: str) -> bool:
        """Ask for an object's end; `propagation` is Foreground, Background or Orphan. False if it is gone already.

        Raises Changed when `like` has a uid and the object has another.
        """
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid := like["metadata"].get("uid"):
            options["preconditions"] = {"uid": uid}
        try:
            self._ask("DELETE", self._path(like), f"delete {described(like)}", {}, options)
        except NotFound:
            return False
        return True

    def log(self, pod: Object, container: str, lines: int, *, previous: bool) -> list[str]:
        """The last lines that a container wrote; `previous` is the one before its restart."""
        path = f"{self._path(pod)}/log"
        query = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        text = self._ask("GET", path, f"read the log of {described(pod)}", query)
        return text.decode(errors="replace").splitlines()

    def _path(self, like: Object, *, one: bool = True) -> str:
        kind = self.kind(str(like.get("apiVersion")), str(like.get("kind")))
        parts = [kind.path]
        if kind.namespaced:
            parts += ["namespaces", namespace_of(like) or DEFAULT_NAMESPACE]
        return "/".join([*parts, kind.plural, *([name_of(like)] if one else [])])

    def _fitting(self, object: Object) -> Object:
        """An object without a namespace that its kind does not have, such as the stack's."""
        if self.kind(str(object.get("apiVersion")), str(object.get("kind"))).namespaced:
            return object
        own = {key: item for key, item in object["metadata"].items() if key != "namespace"}
        return {**object, "metadata": own}

    def _discover(self, api_version: str) -> None:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            found = self._object("GET", path, f"look up {api_version}")
        except NotFound:
            return
        for resource in found.get("resources") or []:
            if "/" not in resource["name"]:
                kind = Kind(path, resource["name"], resource["namespaced"])
                self._kinds[api_version, resource["kind"]] = kind

    def _object(self, method: str, path: str, doing: str, *request: Any) -> Object:
        """What is answered, as an object."""
        content = self._ask(method, path, doing, *request)
        try:
            answer: Object = json.loads(content)
        except ValueError as error:
            raise ClusterError(f"{doing}: {self.name} answers with something that is not JSON") from error
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        doing: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> bytes:
        try:
            return self._answer(method, path, doing, query, body, content_type)
        except NotLoggedIn:
            self._client = self._log_in()
        return self._answer(method, path, doing, query, body, content_type)

    def _answer(
        self, method: str, path: str, doing: str, query: Mapping[str, str] | None, body: Any, content_type: str
    ) -> bytes:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        client = self._client
        request = client.param_serialize(
            method,
            path,
            query_params=[(key, value) for key, value in (query or {}).items() if value],
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        for attempt in range(ATTEMPTS):
            try:
                answer = client.call_api(*request, _request_timeout=(CONNECT_SECONDS, self._seconds))
                content: bytes = answer.read()
            except (ApiException, HTTPError, OSError) as error:
                raise unreachable(self.name, _cause(error)) from error
            if 200 <= answer.status < 300:
                return content
            if answer.status not in BUSY or attempt == ATTEMPTS - 1:
                break
            time.sleep(_pause(answer.headers.get("Retry-After"), attempt))
        raise failure(answer.status, content.decode(errors="replace"), doing, self.name)


def _pause(asked: str | None, attempt: int) -> float:
    """Seconds until the next attempt: as the server asks, else twice as long each time."""
    seconds = float(asked) if asked and asked.isdigit() else FIRST_PAUSE * 2**attempt
    return min(seconds, LONGEST_PAUSE)


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _cause(error: BaseException) -> str:
    """Why a request came to nothing, without the client's names for it."""
    return str(getattr(error, "reason", None) or error).rpartition("): ")[2]
