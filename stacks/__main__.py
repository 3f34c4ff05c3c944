"""Every service of the stack, as its stack file says."""

from pathlib import Path

import pulumi

from modelport import GpuPools, ModelService

SERVICES = Path(__file__).parent / "services"

GpuPools.of_stack()
names = pulumi.Config("modelport").require_object("services")
services = {name: ModelService.from_file(SERVICES / f"{name}.yaml") for name in names}

pulumi.export("services", {name: service.outputs for name, service in services.items()})
