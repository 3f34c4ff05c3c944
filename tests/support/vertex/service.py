"""Vertex AI on this machine: models, deployments and operations, which refuses what the real one refuses.

What is sent is kept in `asked`, for those who judge it. Where the documentation leaves open what the real one does,
this one does what is harder for its client: an endpoint has one operation at a time, an alias has to be free.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "of-google"
PLACE = "projects/shop/locations/europe-west4"
NUMBERED = "projects/1234567890/locations/europe-west4"
ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
MUTABLE = {f"dedicatedResources.{each}" for each in ("minReplicaCount", "maxReplicaCount", "autoscalingMetricSpecs")}
OF_A_MODEL = {"displayName", "versionDescription", "versionAliases", "artifactUri", "containerSpec", "labels"}
OF_A_DEPLOYMENT = {"id", "model", "displayName", "dedicatedResources", "serviceAccount", "enableAccessLogging"}

Json = dict[str, Any]


class Refused(Exception):
    def __init__(self, code: int, status: str, message: str, details: tuple[Json, ...] = ()):
        super().__init__(message)
        self.code, self.error = code, {"code": code, "status": status, "message": message, "details": list(details)}


@dataclass
class Operation:
    """Goes on until it has been looked at a number of times; then it takes effect."""

    name: str
    kind: str
    looks: int
    effect: Callable[[], Json]
    done: Json | None = None

    def shown(self) -> Json:
        kind = f"type.googleapis.com/google.cloud.aiplatform.v1.{self.kind}OperationMetadata"
        return {"name": self.name, "metadata": {"@type": kind}, "done": self.done is not None, **(self.done or {})}

    def look(self) -> Json:
        if self.done is None and self.looks <= 0:
            self.end()
        self.looks -= 1
        return self.shown()

    def end(self) -> None:
        try:
            self.done = {"response": self.effect()}
        except Refused as refused:
            self.done = {"error": {"code": 9, "message": refused.error["message"]}}


@dataclass
class Vertex:
    """The region's state.

    Attributes:
        slow: how often an operation is looked at before it is done; with 0 it is done when it begins.
        first: statuses, each with headers, that are answered before anything else.
        machines: how many there are to deploy models on.
        broken: why no container comes up; empty where they do.
        said: what containers have said last, the oldest first.
        before: called with each request before it is handled.
    """

    url: str = ""
    slow: int = 1
    first: list[tuple[int, Json]] = field(default_factory=list)
    machines: int = 10
    broken: str = ""
    said: tuple[str, ...] = ()
    before: Callable[[str, str], None] = lambda method, path: None
    models: dict[str, dict[str, Json]] = field(default_factory=dict)
    endpoints: dict[str, Json] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    asked: list[tuple[str, str, Json, Json]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add_endpoint(self, id: str = "4242") -> str:
        """An endpoint without models; gives its name."""
        name = f"{PLACE}/endpoints/{id}"
        self.endpoints[name] = {"name": name, "displayName": id, "etag": "1"}
        return name

    def handle(self, method: str, path: str, query: Json, body: Json) -> Json:
        with self.lock:
            self.before(method, path)
            if self.first:
                code, headers = self.first.pop(0)
                raise Refused(code, "UNAVAILABLE", "try later", (headers,))
            if method != "GET":
                self.asked.append((method, path, query, body))
            for pattern, verb, answer in ROUTES:
                if verb == method and (found := re.fullmatch(pattern, path)):
                    return answer(self, *found.groups(), query, body)
            raise Refused(400, "INVALID_ARGUMENT", f"there is no {method} {path}")

    # operations

    def begin(self, resource: str, kind: str, effect: Callable[[], Json]) -> Json:
        operation = Operation(f"{resource}/operations/{len(self.operations) + 1}", kind, self.slow, effect)
        self.operations.append(operation)
        if not self.slow:
            operation.end()
        return operation.shown()

    def running(self, resource: str) -> list[Operation]:
        return [each for each in self.operations if each.name.startswith(f"{resource}/operations/") and not each.done]

    def operation(self, name: str, query: Json, body: Json) -> Json:
        return next((each.look() for each in self.operations if each.name == name), None) or _missing(name)

    def list_operations(self, resource: str, query: Json, body: Json) -> Json:
        if resource not in self.endpoints and resource not in self.models and not self.running(resource):
            _missing(resource)
        return {"operations": [each.shown() for each in self.operations if each.name.startswith(f"{resource}/")]}

    def idle(self, resource: str) -> None:
        if self.running(resource):
            raise Refused(409, "ABORTED", f"there is another operation on {resource}")

    # models

    def upload(self, place: str, query: Json, body: Json) -> Json:
        _only(body, {"model", "modelId", "parentModel"}, {"model"})
        model = body["model"]
        _only(model, OF_A_MODEL | {"encryptionSpec"}, {"displayName", "containerSpec"})
        if "@sha256:" not in model["containerSpec"].get("imageUri", ""):
            raise Refused(400, "INVALID_ARGUMENT", "container_spec.image_uri is no image")
        name = body.get("parentModel") or f"{place}/models/{body['modelId']}"
        if ("modelId" in body) == ("parentModel" in body):
            raise Refused(400, "INVALID_ARGUMENT", "give a model_id or a parent_model")
        if "modelId" in body and (name in self.models or self.running(name)):
            raise Refused(409, "ALREADY_EXISTS", f"{name} is there")
        if "parentModel" in body and name not in self.models:
            _missing(name)
        for alias in model.get("versionAliases", []):
            self.free(name, alias)

        def effect() -> Json:
            versions = self.models.setdefault(name, {})
            id = str(max((int(each) for each in versions), default=0) + 1)
            aliases = [*model.get("versionAliases", []), *([] if versions else ["default"])]
            versions[id] = {**deepcopy(model), "name": name, "versionId": id, "versionAliases": aliases, "etag": "1"}
            return {"model": name.replace(PLACE, NUMBERED), "modelVersionId": id}

        return self.begin(name, "UploadModel", effect)

    def version(self, name: str, id: str) -> Json:
        versions = self.models.get(name, {})
        if id in versions:
            return versions[id]
        found = (each for each in versions.values() if id in each["versionAliases"])
        return next(found, None) or _missing(f"{name}@{id}")

    def get_version(self, name: str, id: str, query: Json, body: Json) -> Json:
        version = self.version(name, id)
        return {**deepcopy(version), "deployedModels": self.deployments(f"{name}@{version['versionId']}")}

    def get_model(self, name: str, query: Json, body: Json) -> Json:
        return deepcopy(self.version(name, "default"))

    def list_versions(self, name: str, query: Json, body: Json) -> Json:
        ids = sorted(self.models.get(name) or _missing(name), key=int)
        start = int(query.get("pageToken", 0))
        page = {"models": [deepcopy(self.models[name][id]) for id in ids[start : start + 2]]}
        return {**page, **({"nextPageToken": str(start + 2)} if ids[start + 2 :] else {})}

    def patch_version(self, name: str, id: str, query: Json, body: Json) -> Json:
        masked = set(query["updateMask"].split(","))
        _only(body, masked, set())
        _only(dict.fromkeys(masked), {"displayName", "versionDescription", "labels", "description"}, set())
        version = self.version(name, id)
        for each in masked:  # what is masked and not there is cleared
            version.pop(each, None)
        version.update(body)
        return self.get_version(name, id, query, body)

    def merge_aliases(self, name: str, id: str, query: Json, body: Json) -> Json:
        _only(body, {"versionAliases"}, {"versionAliases"})
        version = self.version(name, id)
        for alias in body["versionAliases"]:
            if alias == "default":
                self.version(name, "default")["versionAliases"].remove("default")
                version["versionAliases"].append("default")
            elif alias.startswith("-"):
                if alias == "-default" or alias[1:] not in version["versionAliases"]:
                    raise Refused(400, "INVALID_ARGUMENT", f"{alias} cannot be removed")
                version["versionAliases"].remove(alias[1:])
            else:
                self.free(name, alias)
                version["versionAliases"].append(alias)
        return deepcopy(version)

    def free(self, name: str, alias: str) -> None:
        if not ALIAS.fullmatch(alias):
            raise Refused(400, "INVALID_ARGUMENT", f"{alias} is no alias")
        if any(alias in each["versionAliases"] for each in self.models.get(name, {}).values()):
            raise Refused(400, "INVALID_ARGUMENT", f"{alias} is an alias of another version")

    def delete_version(self, name: str, id: str, query: Json, body: Json) -> Json:
        version = self.version(name, id)
        if len(self.models[name]) == 1 or "default" in version["versionAliases"]:
            raise Refused(400, "FAILED_PRECONDITION", "the only or the default version cannot be deleted")
        self.idle(name)
        self.unused(f"{name}@{version['versionId']}")
        return self.begin(name, "DeleteOperation", lambda: self.models[name].pop(version["versionId"]) and {})

    def delete_model(self, name: str, query: Json, body: Json) -> Json:
        for id in self.models.get(name) or _missing(name):
            self.unused(f"{name}@{id}")
        self.idle(name)
        return self.begin(name, "DeleteOperation", lambda: self.models.pop(name) and {})

    def unused(self, version: str) -> None:
        if self.deployments(version):
            raise Refused(400, "FAILED_PRECONDITION", f"{version} is deployed")

    def deployments(self, version: str) -> list[Json]:
        return [
            {"endpoint": name, "deployedModelId": each["id"]}
            for name, endpoint in self.endpoints.items()
            for each in endpoint.get("deployedModels", [])
            if f"{each['model']}@{each['modelVersionId']}" == version
        ]

    # endpoints

    def get_endpoint(self, name: str, query: Json, body: Json) -> Json:
        return deepcopy(self.endpoints.get(name) or _missing(name))

    def patch_endpoint(self, name: str, query: Json, body: Json) -> Json:
        _only(query, {"updateMask"}, {"updateMask"})
        _only(body, {"trafficSplit", "etag"}, set())
        endpoint = self.endpoints.get(name) or _missing(name)
        if body.get("etag", endpoint["etag"]) != endpoint["etag"]:
            raise Refused(409, "ABORTED", "the etag is another one")
        split = body.get("trafficSplit", {})
        present = {each["id"] for each in endpoint.get("deployedModels", [])}
        if not set(split) <= present or (split and sum(split.values()) != 100):
            raise Refused(400, "INVALID_ARGUMENT", "traffic_split does not come to 100, or names no deployed model")
        self.touch(name, trafficSplit=dict(split))
        return self.get_endpoint(name, query, body)

    def touch(self, name: str, **changed: Any) -> None:
        """Change an endpoint, whose etag is another one from then on."""
        endpoint = self.endpoints[name]
        endpoint.update(changed, etag=str(int(endpoint["etag"]) + 1))

    def deploy(self, name: str, query: Json, body: Json) -> Json:
        _only(body, {"deployedModel"}, {"deployedModel"})
        asked = body["deployedModel"]
        _only(asked, OF_A_DEPLOYMENT | {"disableContainerLogging"}, {"model", "dedicatedResources"})
        endpoint = self.endpoints.get(name) or _missing(name)
        self.idle(name)
        if any(each["id"] == asked["id"] for each in endpoint.get("deployedModels", [])):
            raise Refused(409, "ALREADY_EXISTS", f"deployed model {asked['id']} is there")
        model, _, id = asked["model"].partition("@")
        version = self.version(model, id)
        resources = asked["dedicatedResources"]
        if resources["maxReplicaCount"] > self.machines:
            spent = "aiplatform.googleapis.com/custom_model_serving_cpus"
            raise Refused(429, "RESOURCE_EXHAUSTED", f"The following quota metrics exceed quota limits: {spent}")

        def effect() -> Json:
            if self.broken:
                raise Refused(400, "FAILED_PRECONDITION", self.broken)
            deployed = {**deepcopy(asked), "model": model, "modelVersionId": version["versionId"]}
            if "privateServiceConnectConfig" in endpoint:
                deployed["privateEndpoints"] = {"serviceAttachment": ATTACHMENT}
            self.touch(name, deployedModels=[*endpoint.get("deployedModels", []), deployed])
            return {"deployedModel": deployed}

        return self.begin(name, "DeployModel", effect)

    def mutate(self, name: str, query: Json, body: Json) -> Json:
        _only(body, {"deployedModel", "updateMask"}, {"deployedModel", "updateMask"})
        masks = body["updateMask"].split(",")
        _only(dict.fromkeys(masks), MUTABLE, set())
        deployed = self.deployed(name, body["deployedModel"]["id"])
        self.idle(name)

        def effect() -> Json:
            given = body["deployedModel"]["dedicatedResources"]
            for changed in (mask.partition(".")[2] for mask in masks):
                deployed["dedicatedResources"][changed] = given.get(changed, [])
            self.touch(name)
            return {"deployedModel": deployed}

        return self.begin(name, "MutateDeployedModel", effect)

    def undeploy(self, name: str, query: Json, body: Json) -> Json:
        _only(body, {"deployedModelId"}, {"deployedModelId"})
        deployed, endpoint = self.deployed(name, body["deployedModelId"]), self.endpoints[name]
        if endpoint.get("trafficSplit", {}).get(deployed["id"]):
            raise Refused(400, "FAILED_PRECONDITION", "the deployed model has traffic")
        self.idle(name)

        def effect() -> Json:
            self.touch(name, deployedModels=[each for each in endpoint["deployedModels"] if each is not deployed])
            return {}

        return self.begin(name, "UndeployModel", effect)

    def deployed(self, name: str, id: str) -> Json:
        endpoint = self.endpoints.get(name) or _missing(name)
        found = (each for each in endpoint.get("deployedModels", []) if each["id"] == id)
        return next(found, None) or _missing(f"{name}/deployedModels/{id}")

    def entries(self, query: Json, body: Json) -> Json:
        _only(body, {"resourceNames", "filter", "orderBy", "pageSize"}, {"resourceNames"})
        lines = [{"jsonPayload": {"message": line}} for line in reversed(self.said)]
        return {"entries": lines[: body["pageSize"]]}


ATTACHMENT = "projects/tenant/regions/europe-west4/serviceAttachments/gkedpm-4242"
REGION = r"projects/[^/]+/locations/[^/]+"
MODEL, ENDPOINT = rf"({REGION}/models/[^/@:]+)", rf"({REGION}/endpoints/[^/:]+)"
ROUTES: tuple[tuple[str, str, Callable[..., Json]], ...] = (
    (r"(.+/operations/\d+)", "GET", Vertex.operation),
    (r"(.+)/operations", "GET", Vertex.list_operations),
    (f"({REGION})/models:upload", "POST", Vertex.upload),
    (f"{MODEL}:listVersions", "GET", Vertex.list_versions),
    (MODEL, "GET", Vertex.get_model),
    (MODEL, "DELETE", Vertex.delete_model),
    (f"{MODEL}@([^/:]+)", "GET", Vertex.get_version),
    (f"{MODEL}@([^/:]+)", "PATCH", Vertex.patch_version),
    (f"{MODEL}@([^/:]+):mergeVersionAliases", "POST", Vertex.merge_aliases),
    (f"{MODEL}@([^/:]+):deleteVersion", "DELETE", Vertex.delete_version),
    (ENDPOINT, "GET", Vertex.get_endpoint),
    (ENDPOINT, "PATCH", Vertex.patch_endpoint),
    (f"{ENDPOINT}:deployModel", "POST", Vertex.deploy),
    (f"{ENDPOINT}:mutateDeployedModel", "POST", Vertex.mutate),
    (f"{ENDPOINT}:undeployModel", "POST", Vertex.undeploy),
    (r"entries:list", "POST", Vertex.entries),
)


@contextmanager
def serving(vertex: Vertex) -> Iterator[Vertex]:
    """Have it answer at its `url`, for `TOKEN`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one piece: two would wait for each other

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or "{}")
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers: Json = {}
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refused(401, "UNAUTHENTICATED", "the token is no good")
                code, found = 200, vertex.handle(self.command, unquote(parts.path).lstrip("/"), query, body)
            except Refused as refused:
                code, found = refused.code, {"error": refused.error}
                headers = next((each for each in refused.error["details"] if "Retry-After" in each), {})
            text = json.dumps(found).encode()
            self.send_response(code)
            for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(text)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        vertex.url = f"http://127.0.0.1:{server.server_port}/"
        yield vertex
        server.shutdown()
        thread.join()


def _only(body: Json, known: set[str], needed: set[str]) -> None:
    """Refuse a field that is not known, and a body that lacks one."""
    violations = [{"field": name, "description": "is no field"} for name in sorted(set(body) - known)]
    violations += [{"field": name, "description": "is needed"} for name in sorted(needed - set(body))]
    if violations:
        raise Refused(400, "INVALID_ARGUMENT", "invalid fields", ({"fieldViolations": violations},))


def _missing(name: str) -> Any:
    raise Refused(404, "NOT_FOUND", f"{name} is not there")
