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

from . import TARGET, calls
from .account import Account
from .budget import budget
from .endpoint import address, endpoint, log_group
from .exchange import exchange, folders
from .flows import flows_name
from .identity import Needs, identity, invoker
from .image import image_named, serving_image
from .key import key
from .model import model
from .names import log_group_name
from .network import network
from .registry import repository
from .resources import EXTRA, SDK, Resources
from .roles import ROLES
from .scaling import scaling
from .storage import storage


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
            plan = make_plan(args.spec, args.environment, TARGET)
            require_sdk(SDK, EXTRA)
            check_providers(self.CONFIG, opts)
            patches = patches_of(name, args.environment, self.RESOURCES)
            version, *_ = live_versions(plan)
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Resources(self, name, plan, patches)

        account = Account.of(self)
        encrypting = key(own, account, [log_group_name(plan), flows_name(plan)])
        store = storage(own, account, encrypting, passing=folders(plan.spec))
        exchanged = exchange(plan, store, encrypting)
        images = repository(own, encrypting)
        place = network(own, account, encrypting, exchanged)
        log_group(own, encrypting)
        role = identity(own, account, Needs(store, encrypting, images, log_group_name(plan), place, exchanged))
        image = serving_image(own, version, images)
        serving = model(own, version, image, role, store, place)
        made = endpoint(own, serving, encrypting, exchanged)
        scaling(own, made, version)
        invoker(own, *calls.rights(own, account, serving, exchanged))
        budget(own)

        self.resources = own.resources
        self.outputs = {
            "endpoint": address(own, account, made),
            "image": {"digest": digest_of(image_named(own, version))},
            "live": (made or serving).urn.apply(lambda _: [version.share]),
            "dashboards": [],
            "alerts": [],
            "capture_location": None,
            "logs": calls.logs(own, account),
            "invoke": calls.invocation(own, account, serving, version.bundle, exchanged),
        }
        self.register_outputs({**self.outputs, "place": account.place})


COMPONENT = SageMakerService
