"""Every service of the stack, as its stack file says; without a list, every service there is."""

from pathlib import Path

import pulumi

from modelport import ModelService

SERVICES = Path(__file__).parent / "services"

names = pulumi.Config("modelport").get_object("services") or sorted(path.stem for path in SERVICES.glob("*.yaml"))
services = {name: ModelService.from_file(SERVICES / f"{name}.yaml") for name in names}

pulumi.export("services", {name: service.outputs for name, service in services.items()})
