"""An object's life: made, changed, deleted, read; each in a preview too, as far as the cluster lets it."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from threading import Event

from modelport_engine.kubernetes.awaiting.wait import Patience, until_gone, until_ready
from modelport_engine.kubernetes.cluster import Cluster
from modelport_engine.kubernetes.engine_log import Tell
from modelport_engine.kubernetes.failures import (
    AlreadyExists,
    Changed,
    Conflict,
    Forbidden,
    Immutable,
    NoDryRun,
    NotFound,
    UnknownKind,
)
from modelport_engine.kubernetes.objects import (
    DELETION_PROPAGATION,
    PATCH_FIELD_MANAGER,
    PATCH_FORCE,
    SKIP_AWAIT,
    Object,
    annotation,
    described,
    is_set,
    metadata,
)
from modelport_engine.kubernetes.ownership import (
    CREATED_BY_THE_PLUGIN,
    is_managed_by,
    managers_of,
    taken_over,
    without_ignored,
)

RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0)
PROPAGATIONS = {"orphan": "Orphan", "background": "Background"}
DEFINITION = "CustomResourceDefinition"


@dataclass(frozen=True)
class Lifecycle:
    """What happens to one resource's object.

    `manager` is its field manager and `before` the one until now. `uid` is that of the object in state, `known` says
    that state has the resource: what is made now comes in the place of something. `patch` says that the object is
    another's and only some fields are ours, `force` and `upsert` that fields and objects of others may be taken over.
    """

    cluster: Cluster
    manager: str
    before: str
    uid: str
    known: bool
    patch: bool
    force: bool
    upsert: bool
    tell: Tell
    cancelled: Event

    def create(self, inputs: Object, seconds: float) -> Object:
        """Make the object and wait until it is ready.

        Raises:
            AlreadyExists: there is one of this name that an interrupted run of the stack has not left.
            NotReady: it was made and is not ready.
        """
        patience = Patience.of(inputs, seconds, self.cancelled)
        return until_ready(self.cluster, self._made(inputs), inputs, patience, self.tell)

    def preview_create(self, inputs: Object) -> Object | None:
        """The object that would be made; None when only an update can tell.

        That is so where its namespace or its kind is still to come, the user may not try, or an own object of this
        name is still to go.
        """
        try:
            live = self.cluster.get(inputs)
            if live and self.known and not self.patch:
                return None
            self._make_sure(inputs, live)
            return self.cluster.apply(inputs, self.manager, force=self._forced(inputs), dry_run=True)
        except (NotFound, UnknownKind, Forbidden, NoDryRun):
            return None

    def update(self, inputs: Object, ignored: Sequence[str], seconds: float) -> Object:
        """Change the object in place and wait until it is ready; raises NotReady when it was changed and is not."""
        patience = Patience.of(inputs, seconds, self.cancelled)
        return until_ready(self.cluster, self._updated(inputs, ignored), inputs, patience, self.tell)

    def preview_update(self, inputs: Object, ignored: Sequence[str]) -> Object | None:
        """The object as it would become; None when only an update can tell."""
        try:
            live = self._existing(inputs)
            return self._changed(inputs, live, ignored, dry_run=True)
        except (UnknownKind, Forbidden, NoDryRun):
            return None
        except Conflict as error:
            if all(claim.manager.split(" ")[0] in (*CREATED_BY_THE_PLUGIN, self.before) for claim in error.claims):
                return self.cluster.apply(inputs, self.manager, force=True, dry_run=True)
            raise

    def delete(self, live: Object, inputs: Object, seconds: float) -> None:
        """End the object and wait until it is gone, or give up the fields that a patch has set."""
        try:
            if self.patch:
                self._give_up(live)
                return
            policy = PROPAGATIONS.get(annotation(inputs, DELETION_PROPAGATION).lower(), "Foreground")
            if self.cluster.delete(live, policy) and not is_set(inputs, SKIP_AWAIT):
                until_gone(self.cluster, live, Patience.of(inputs, seconds, self.cancelled), self.tell)
        except UnknownKind:  # it went with its definition
            return
        except Changed as error:
            raise self._another(live) from error

    def read(self, like: Object) -> Object | None:
        """The object as it is; None when it, or its kind, is gone."""
        try:
            return self.cluster.get(like)
        except UnknownKind:
            return None

    def _make_sure(self, inputs: Object, live: Object | None) -> None:
        """That making the object takes nothing from anybody."""
        if self.patch:
            if live is None:
                raise NotFound(f"{described(inputs)} does not exist, so none of its fields can be set")
            return
        if live is None or self.upsert or self._is_left_over(inputs, live):
            return
        raise AlreadyExists(
            f"{described(inputs)} already exists, and this stack has not made it: it is managed by "
            f"{', '.join(managers_of(live)) or 'nobody'}. Have it deleted, take it into the stack with "
            "`pulumi import`, choose another name, or have the provider's upsertExistingObjects take it over."
        )

    def _is_left_over(self, inputs: Object, live: Object) -> bool:
        """Whether a run of this stack that was interrupted has made the object, just as it is wanted now."""
        if self.known or annotation(inputs, PATCH_FIELD_MANAGER) or not is_managed_by(live, self.manager):
            return False
        try:
            wanted = self.cluster.apply(inputs, self.manager, dry_run=True)
        except (Conflict, Immutable):
            return False
        return _as_asked_for(wanted) == _as_asked_for(live)

    def _made(self, inputs: Object) -> Object:
        """Apply, and again while the namespace or the kind is still on its way."""
        for pause in RETRY_SECONDS:
            try:
                return self._applied(inputs)
            except (NotFound, UnknownKind) as error:
                if self.patch or self.cancelled.wait(pause):
                    raise
                self.tell(f"trying again: {error}")
        return self._applied(inputs)

    def _applied(self, inputs: Object) -> Object:
        self._make_sure(inputs, self.cluster.get(inputs))
        return self.cluster.apply(inputs, self.manager, force=self._forced(inputs))

    def _existing(self, inputs: Object) -> Object:
        live = self.cluster.get(inputs)
        if live is None:
            raise NotFound(
                f"{described(inputs)} is in the state and not in the cluster: somebody has deleted it. "
                "Refresh the stack, and the next update makes it again."
            )
        if self.uid and metadata(live).get("uid") != self.uid:
            raise self._another(live)
        return live

    def _another(self, live: Object) -> Changed:
        return Changed(
            f"{described(live)} is not the object that this stack has made: somebody has made another of that name, or "
            "this is another cluster. See that the context is right, then refresh the stack."
        )

    def _updated(self, inputs: Object, ignored: Sequence[str]) -> Object:
        """Change the object as it is now, and again while others change it at the same time."""
        for pause in RETRY_SECONDS:
            try:
                return self._changed(inputs, self._owned(inputs), ignored)
            except Changed:
                self._existing(inputs)  # which says so when it is another object
                if self.cancelled.wait(pause):
                    raise
        return self._changed(inputs, self._owned(inputs), ignored)

    def _owned(self, inputs: Object) -> Object:
        """The object, after its fields have come over from whom they were made by."""
        live = self._existing(inputs)
        fields = None if self.patch else taken_over(live, self.manager, self.before)
        return live if fields is None else self.cluster.own(live, fields)

    def _changed(self, inputs: Object, live: Object, ignored: Sequence[str], *, dry_run: bool = False) -> Object:
        wanted = without_ignored(inputs, live, self.manager, ignored)
        if inputs.get("kind") == DEFINITION:
            # Its schema is a whole: what it lacks has to go, whoever had set it.
            wanted = deepcopy(wanted)
            wanted["metadata"]["resourceVersion"] = metadata(live).get("resourceVersion")
            return self.cluster.replace(wanted, self.manager, dry_run=dry_run)
        return self.cluster.apply(wanted, self.manager, force=self._forced(inputs), dry_run=dry_run)

    def _forced(self, inputs: Object) -> bool:
        return self.force or is_set(inputs, PATCH_FORCE)

    def _give_up(self, live: Object) -> None:
        if self.cluster.get(live) is None:
            return
        own = {key: value for key, value in metadata(live).items() if key in ("name", "namespace")}
        self.cluster.apply({"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": own}, self.manager)


def _as_asked_for(object: Object) -> Object:
    """An object without what the cluster says of it from moment to moment."""
    momentary = ("managedFields", "resourceVersion", "generation")
    own = {key: item for key, item in metadata(object).items() if key not in momentary}
    return {**{key: item for key, item in object.items() if key != "status"}, "metadata": own}
