from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.targets.args import ModelServiceArgs
from modelport.targets.images import digest_of
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import patches_of
from modelport.targets.running import check_providers, run_errors
from modelport.targets.version import live_versions

from . import TARGET
from .account import Account
from .budget import budget
from .capture import capture, captured
from .deployment import deployment
from .endpoint import Hosting, address, endpoint, endpoint_name, invocation, log_group, log_group_name, logs
from .identity import Needs, identity, invoker
from .image import image_named, serving_image
from .key import key
from .model import model
from .monitoring.alarms import absence_alarm, slo_alarms
from .monitoring.dashboard import shown
from .monitoring.topic import hearing
from .network import network
from .registry import repository
from .resources import EXTRA, SDK, Resources
from .roles import ROLES
from .scaling import scaling
from .storage import storage


class SageMakerService(pulumi.ComponentResource):
    """One service as a private, encrypted endpoint of SageMaker.

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
            plan = make_plan(args.spec, args.environment, TARGET)
            require_sdk(SDK, EXTRA)
            check_providers(self.CONFIG, opts)
            patches = patches_of(name, args.environment, self.RESOURCES)
            live = live_versions(plan)
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Resources(self, name, plan, patches)

        account = Account.of(self)
        encrypting = key(own, account, log_group_name(plan))
        store = storage(own, account, encrypting)
        images = repository(own, encrypting)
        place = network(own, account)
        log_group(own, encrypting)
        kept = captured(plan, store)
        kept_arn = None if kept is None else store.captured_arn(account, plan.name)
        role = identity(own, account, Needs(store, encrypting, kept_arn, images, log_group_name(plan), place))
        models = {
            each.release.role: model(own, each, serving_image(own, each, images), role, store, place) for each in live
        }
        heard = hearing(own, account, encrypting)
        alarms = slo_alarms(own, heard)
        hosting = Hosting(capture(plan, store, encrypting), deployment(plan, alarms), alarms.resources)
        made = endpoint(own, models, encrypting, hosting)
        absent = absence_alarm(own, heard, made)
        scaling(own, made)
        invoker(own, account, endpoint_name(plan))
        budget(own)
        board = shown(own, account)

        self.resources = own.resources
        self.outputs = {
            "endpoint": address(own, account, made),
            "image": {"digest": digest_of(image_named(own, live[0]))},
            "live": made.urn.apply(lambda _: [each.share for each in live]),
            "dashboards": [board],
            "alerts": [*alarms.names, *absent.names],
            "capture_location": kept,
            "logs": logs(own, account),
            "invoke": invocation(own, account, live[0].bundle),
        }
        self.register_outputs(self.outputs)


COMPONENT = SageMakerService
