from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.targets.args import ModelServiceArgs
from modelport.targets.image import image_named, serving_image
from modelport.targets.images import digest_of
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import patches_of
from modelport.targets.running import check_providers, run_errors
from modelport.targets.version import Version, live_versions

from . import TARGET
from .account import Account, check_identity
from .budget import budget
from .capture import capture, captured, keeping, kept_days
from .endpoint import Hosting, address, endpoint, log_group
from .flows import flows_name
from .identity import Needs, identity, invoker
from .key import key
from .model import model
from .modes import calls
from .modes.asynchronous import with_queue
from .modes.exchange import exchange, folders, through_network
from .monitoring.alarms import absence_alarm, slo_alarms
from .monitoring.dashboard import shown
from .monitoring.topic import hearing
from .names import check_name, log_group_name
from .network import network
from .package import package
from .registry import repository
from .releases.deployment import deployment
from .releases.variants import leaving
from .releases.weights import weights
from .resources import EXTRA, SDK, Resources
from .roles import ROLES
from .scaling import scaling
from .smoke_test import check_samples, smoke_test
from .storage import storage

PLATFORM = "linux/amd64"
"""Of every instance type in capacity.py."""


class SageMakerService(pulumi.ComponentResource):
    """One service on SageMaker: a private, encrypted endpoint, or a model for jobs over files.

    Attributes:
        resources: what it consists of, by role.
        outputs: what clients, operators and tools need to know, by the names in `OUTPUTS`.

    Raises:
        RunError: before anything is registered, when SageMaker cannot give what the spec asks for (see capabilities.py
            and rules.py), the stack does not say in which region, the model cannot be served, or `modelport:resources`
            names what is not there.
    """

    kind = "modelport:sagemaker:Service"
    CONFIG: ClassVar = {"aws": "region"}
    RESOURCES: ClassVar = ROLES
    OUTPUTS = ("endpoint", "image", "live", "dashboards", "alerts", "capture_location", "logs", "invoke")

    resources: dict[str, Any]
    outputs: dict[str, Any]

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            check_name(name)
            plan = make_plan(args.spec, args.environment, TARGET)
            require_sdk(SDK, EXTRA)
            check_providers(self.CONFIG, opts)
            check_identity()
            patches = patches_of(name, args.environment, self.RESOURCES)
            live = live_versions(plan)
            check_samples(plan, live)
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Resources(self, name, plan, patches)

        account = Account.of(self)
        encrypting = key(own, account, [log_group_name(plan), flows_name(plan)])
        store = storage(own, account, encrypting, passing={**folders(plan.spec), **kept_days(plan)})
        exchanged, kept = exchange(plan, store, encrypting), captured(plan, store)
        images = repository(own, encrypting)
        written = [*through_network(account, exchanged), *keeping(account, kept, Principal="*")]
        place = network(own, account, encrypting, written)
        log_group(own, encrypting)
        role = identity(own, account, Needs(store, encrypting, images, log_group_name(plan), place, exchanged, kept))
        copies = {each.release.role: serving_image(own, each, images, PLATFORM) for each in live}
        models = {
            each.release.role: model(own, account, each, copies[each.release.role], role, store, place) for each in live
        }
        waiting = with_queue(exchanged, plan.spec) if exchanged else {}
        served = _served(own, account, models, live, encrypting, {**capture(plan, kept, encrypting), **waiting})
        for each in live:
            package(own, account, each, copies[each.release.role], served.serving)
        invoker(own, *calls.rights(own, account, models["stable"], exchanged))
        budget(own)

        self.resources = own.resources
        self.outputs = {
            "endpoint": address(own, account, served.endpoint),
            "image": {"digest": digest_of(image_named(own, live[0]))},
            "live": (served.serving or models["stable"]).urn.apply(lambda _: [each.share for each in live]),
            "dashboards": served.dashboards,
            "alerts": served.alerts,
            "capture_location": kept,
            "logs": calls.logs(own, account),
            "invoke": calls.invocation(own, account, models["stable"], live[0].bundle, exchanged),
        }
        self.register_outputs({**self.outputs, "place": account.place, "region": account.region})


@dataclass(frozen=True)
class Served:
    """An endpoint, with the names of what watches it; a service of jobs has none of these.

    Attributes:
        serving: what is there once it answers as it should, and its requests are divided so.
    """

    endpoint: Any = None
    serving: Any = None
    alerts: list[str] = field(default_factory=list)
    dashboards: list[pulumi.Output[str]] = field(default_factory=list)


def _served(
    own: Resources,
    account: Account,
    models: Mapping[str, Any],
    live: Sequence[Version],
    key: pulumi.Input[str],
    requests: Mapping[str, Any],
) -> Served:
    """The endpoint with its alarms, of which most are there before it, the load that it follows and a dashboard."""
    if own.plan.spec.mode == "batch":
        return Served()
    heard = hearing(own, account, key)
    alarms = slo_alarms(own, heard)
    before = [*alarms.resources, *leaving(own, account)]
    made = endpoint(own, models, key, Hosting(requests, deployment(own.plan, alarms), before))
    absent = absence_alarm(own, heard, made)
    tested = smoke_test(own, account, made, live)
    divided = weights(own, account, tested)
    scaling(own, made, live)
    return Served(made, divided or tested or made, [*alarms.names, *absent.names], [shown(own, account)])


COMPONENT = SageMakerService
