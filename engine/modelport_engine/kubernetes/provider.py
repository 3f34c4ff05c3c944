"""Pulumi's ResourceProvider protocol for Kubernetes objects, with state as Pulumi's own plugin keeps it."""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any

from google.protobuf import empty_pb2

from modelport_engine.kubernetes.answers import HalfMade, answering
from modelport_engine.kubernetes.awaiting.expressions import expressions
from modelport_engine.kubernetes.awaiting.wait import NotReady, judge, not_ready
from modelport_engine.kubernetes.checks import checked, is_patch
from modelport_engine.kubernetes.cluster import DEFAULT_NAMESPACE, Cluster
from modelport_engine.kubernetes.differences import Change, changes, pruned
from modelport_engine.kubernetes.engine_log import EngineLog
from modelport_engine.kubernetes.failures import ClusterError, Unreachable
from modelport_engine.kubernetes.immutable import IDENTITY, immutable_fields
from modelport_engine.kubernetes.lifecycle import Lifecycle
from modelport_engine.kubernetes.objects import (
    AUTONAMED,
    SKIP_AWAIT,
    Object,
    at,
    from_properties,
    hidden,
    id_of,
    is_set,
    metadata,
    name_of,
    namespace_of,
    to_properties,
)
from modelport_engine.kubernetes.ownership import manager_of
from modelport_engine.kubernetes.settings import Settings, problems
from modelport_engine.kubernetes.state import (
    FIELD_MANAGER,
    INITIAL_API_VERSION,
    INPUTS,
    inputs_of,
    kind_of,
    preview_of,
    secured,
    state_of,
)
from modelport_engine.protocol.messages import plugin_pb2, provider_pb2_grpc
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import (
    Properties,
    contains_unknown,
    from_struct,
    strip_secrets,
    to_struct,
)

OF_THE_PLUGIN = ("helm.sh", "kustomize", "yaml")
KINDS = {
    ("add", False): pb.PropertyDiff.ADD,
    ("add", True): pb.PropertyDiff.ADD_REPLACE,
    ("delete", False): pb.PropertyDiff.DELETE,
    ("delete", True): pb.PropertyDiff.DELETE_REPLACE,
    ("update", False): pb.PropertyDiff.UPDATE,
    ("update", True): pb.PropertyDiff.UPDATE_REPLACE,
}


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Objects of one cluster, applied server-side."""

    def __init__(self, log: EngineLog):
        self._log = log
        self._settings = Settings.of({})
        self._connected: Cluster | None = None
        self._lock = Lock()
        self._cancelled = Event()
        self._id = ""
        self._known: set[str] = set()  # URNs of which state has a resource
        self._absent = False  # whether nobody has answered in a preview

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """It comes with the engine and has no version of its own."""
        return plugin_pb2.PluginInfo()

    @answering
    def CheckConfig(self, request: Any, context: Any) -> Any:
        """The provider's own inputs."""
        answer = pb.CheckResponse(inputs=request.news)
        for name, reason in problems(strip_secrets(from_struct(request.news))):
            answer.failures.add(property=name, reason=reason)
        return answer

    @answering
    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Another cluster needs every object anew; another way to the same one does not."""
        olds, news = (strip_secrets(from_struct(each)) for each in (request.olds, request.news))
        changed = sorted(key for key in {*olds, *news} - {"version"} if olds.get(key) != news.get(key))
        answer = pb.DiffResponse(
            diffs=changed, changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        )
        if changed and not contains_unknown(news) and _is_elsewhere(olds, news):
            answer.replaces.extend(changed)
        return answer

    def Configure(self, request: Any, context: Any) -> Any:
        """Remember the inputs; nobody is asked before there is something to ask."""
        with self._lock:
            self._settings = Settings.of(strip_secrets(from_struct(request.args)))
            self._connected, self._absent, self._id = None, False, request.id
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answering
    def Check(self, request: Any, context: Any) -> Any:
        """The inputs with a name and a namespace."""
        olds, news = from_struct(request.olds), from_struct(request.news)
        if request.type.split(":")[1].split("/")[0] in OF_THE_PLUGIN:
            raise _not_ours(request.type)
        if olds:
            self._known.add(request.urn)
        try:
            inputs = checked(Urn(request.urn), olds, news, request.randomSeed, lambda: self._settings.namespace)
        except ValueError as error:
            return pb.CheckResponse(inputs=request.news, failures=[pb.CheckFailure(reason=str(error))])
        return pb.CheckResponse(inputs=to_struct(inputs, secrets=True))

    @answering
    def Diff(self, request: Any, context: Any) -> Any:
        """What differs from the object as state knows it, in the fields that the program sets."""
        olds, wanted = from_struct(request.olds), from_properties(from_struct(request.news))
        live, applied = from_properties(olds), from_properties(strip_secrets(olds).get(INPUTS) or {})
        _align_namespaces(live, wanted, applied)
        found = [
            change
            for change in changes(pruned(live, {**applied, **_identity(wanted)}), wanted)
            if not change.is_ignored(request.ignoreChanges)
        ]
        return self._difference(found, live, wanted, patch=is_patch(Urn(request.urn), wanted))

    @answering
    def Create(self, request: Any, context: Any) -> Any:
        """Apply a new object and wait for it."""
        urn, properties = Urn(request.urn), from_struct(request.properties)
        inputs = from_properties(properties)
        life = self._life(urn, inputs, {})
        if request.preview:
            live = self._tried(urn, inputs, life.preview_create)
            outputs = properties if live is None else preview_of(inputs, live, properties, life.manager)
            return pb.CreateResponse(properties=to_struct(outputs, secrets=True))
        live = _kept(lambda: life.create(inputs, request.timeout), inputs, properties, life.manager)
        return pb.CreateResponse(
            id=id_of(live), properties=to_struct(state_of(inputs, live, properties, life.manager), secrets=True)
        )

    @answering
    def Update(self, request: Any, context: Any) -> Any:
        """Apply the object anew and wait for it."""
        urn, properties, olds = Urn(request.urn), from_struct(request.news), from_struct(request.olds)
        inputs, ignored = from_properties(properties), [*request.ignoreChanges]
        life = self._life(urn, inputs, olds)
        if request.preview:
            live = self._tried(urn, inputs, lambda wanted: life.preview_update(wanted, ignored))
            outputs = properties if live is None else preview_of(inputs, live, properties, life.manager, made=True)
            return pb.UpdateResponse(properties=to_struct(outputs, secrets=True))
        made_with = str(olds.get(INITIAL_API_VERSION) or "")
        live = _kept(lambda: life.update(inputs, ignored, request.timeout), inputs, properties, life.manager)
        state = state_of(inputs, live, properties, life.manager, made_with)
        return pb.UpdateResponse(properties=to_struct(state, secrets=True))

    @answering
    def Read(self, request: Any, context: Any) -> Any:
        """The object as it is now, and whether it is ready."""
        urn, olds, given = Urn(request.urn), from_struct(request.properties), from_struct(request.inputs)
        applied = from_properties(given or strip_secrets(olds).get(INPUTS) or {})
        like = at(request.id, *kind_of(urn, applied))
        life = self._life(urn, applied, olds)
        try:
            live = life.read(like)
        except Unreachable as error:
            return self._unreachable_read(request, error)
        if live is None:
            return pb.ReadResponse()
        inputs = pruned(live, applied) if applied else inputs_of(live)
        known = hidden(live, secured(to_properties(inputs), given))
        outputs = state_of(inputs, live, known, life.manager, str(olds.get(INITIAL_API_VERSION) or ""))
        if applied:  # what is only looked at, or comes into the stack, is as it is
            self._judge(life.cluster, live, inputs, request.id, outputs, known)
        return pb.ReadResponse(
            id=request.id, inputs=to_struct(known, secrets=True), properties=to_struct(outputs, secrets=True)
        )

    @answering
    def Delete(self, request: Any, context: Any) -> Any:
        """Delete the object and wait until it is gone."""
        urn, olds = Urn(request.urn), from_struct(request.properties)
        live, inputs = from_properties(olds), from_properties(strip_secrets(olds).get(INPUTS) or {})
        life = self._life(urn, inputs, olds)
        try:
            life.delete({**at(request.id, *kind_of(urn, live)), **_with_uid(live)}, inputs, request.timeout)
        except Unreachable as error:
            if not self._settings.on("deleteUnreachable"):
                raise
            self._log.warn(str(urn), f"only taken out of the state: {error}")
        return empty_pb2.Empty()

    @answering
    def Invoke(self, request: Any, context: Any) -> Any:
        """Charts and manifests of others are no business of the built-in provider."""
        raise _not_ours(request.tok)

    @answering
    def Construct(self, request: Any, context: Any) -> Any:
        """Components that are made of charts and manifests are none either."""
        raise _not_ours(request.type)

    def Cancel(self, request: Any, context: Any) -> Any:
        """Stop waiting: what is being waited for is reported as not ready."""
        self._cancelled.set()
        return empty_pb2.Empty()

    def _life(self, urn: Urn, inputs: Object, olds: Properties) -> Lifecycle:
        recorded = str(olds.get(FIELD_MANAGER) or "")
        return Lifecycle(
            cluster=self._cluster(),
            manager=manager_of(str(urn), self._id, inputs, recorded),
            before=recorded,
            uid=str(metadata(from_properties(olds)).get("uid") or ""),
            known=str(urn) in self._known,
            patch=is_patch(urn, inputs),
            force=self._settings.on("enablePatchForce"),
            upsert=self._settings.on("upsertExistingObjects"),
            tell=self._log.about(str(urn)),
            cancelled=self._cancelled,
        )

    def _cluster(self) -> Cluster:
        with self._lock:
            if self._connected is None:
                self._connected = self._settings.connect()
            return self._connected

    def _tried(self, urn: Urn, inputs: Object, dry_run: Callable[[Object], Object | None]) -> Object | None:
        """What a dry run gives; None while inputs are unknown or nobody answers."""
        if self._absent or contains_unknown(inputs):
            return None
        try:
            return dry_run(inputs)
        except Unreachable as error:
            self._absent = True
            self._log.warn_once(str(urn), f"previewed without the cluster: {error}")
            return None

    def _difference(self, found: list[Change], live: Object, wanted: Object, *, patch: bool) -> Any:
        settings = self._settings
        fixed = (
            IDENTITY
            if patch
            else immutable_fields(
                live,
                mutable_config_maps=settings.on("enableConfigMapMutable"),
                mutable_secrets=settings.on("enableSecretMutable"),
            )
        )
        answer = pb.DiffResponse(
            hasDetailedDiff=True, changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE
        )
        for change in found:
            replaces = change.under(fixed)
            answer.detailedDiff[change.path].CopyFrom(pb.PropertyDiff(kind=KINDS[change.kind, replaces]))
            if replaces:
                answer.replaces.append(change.path)
        same = id_of(live) == id_of(wanted) and not is_set(wanted, AUTONAMED)
        answer.deleteBeforeReplace = bool(answer.replaces) and same
        return answer

    def _judge(
        self, cluster: Cluster, live: Object, inputs: Object, id: str, outputs: Properties, known: Properties
    ) -> None:
        """Raise HalfMade when an object that is read is not ready."""
        if is_set(inputs, SKIP_AWAIT):
            return
        verdict = judge(cluster, live, expressions(inputs))
        if not verdict.ready:
            raise HalfMade(id, outputs, known, not_ready(cluster, live, verdict).reasons)

    def _unreachable_read(self, request: Any, error: Unreachable) -> Any:
        if self._settings.on("deleteUnreachable"):
            self._log.warn(request.urn, f"taken for deleted: {error}")
            return pb.ReadResponse()
        if self._settings.on("skipUpdateUnreachable"):
            self._log.warn(request.urn, f"not refreshed: {error}")
            return pb.ReadResponse(id=request.id, inputs=request.inputs, properties=request.properties)
        raise error


def _not_ours(token: str) -> ClusterError:
    return ClusterError(
        f"the built-in provider kubernetes does not have {token}; install Pulumi's own with "
        "`pulumi plugin install resource kubernetes`"
    )


def _kept(do: Callable[[], Object], inputs: Object, properties: Properties, manager: str) -> Object:
    """What `do` gives; an object that exists and is not ready becomes HalfMade, with its state."""
    try:
        return do()
    except NotReady as error:
        state = state_of(inputs, error.live, properties, manager)
        raise HalfMade(id_of(error.live), state, properties, error.reasons) from error


def _identity(wanted: Object) -> Object:
    return {key: wanted[key] for key in ("apiVersion", "kind") if key in wanted}


def _with_uid(live: Object) -> Object:
    own = {key: item for key, item in metadata(live).items() if key in ("name", "namespace", "uid")}
    return {"metadata": own} if name_of(live) else {}


def _align_namespaces(live: Object, wanted: Object, applied: Object) -> None:
    """Say the namespace in the same way everywhere: not at all for what has none, else by its name."""
    if not isinstance(wanted.get("metadata"), dict) or not metadata(live).get("uid"):
        return
    if not namespace_of(live):
        for object in (wanted, applied):
            metadata(object).pop("namespace", None)
    else:
        wanted["metadata"].setdefault("namespace", DEFAULT_NAMESPACE)
        applied.setdefault("metadata", {}).setdefault("namespace", DEFAULT_NAMESPACE)


def _is_elsewhere(olds: Properties, news: Properties) -> bool:
    """Whether two configurations of the provider are about different clusters, as far as can be told."""
    try:
        return not Settings.of(olds).same_cluster(Settings.of(news))
    except ClusterError:
        return False
