"""SageMaker's own SDK, version 3: pip install 'modelport[sagemaker]'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelport.errors import ModelportError
from modelport.targets.sagemaker.invoking import place_of

if TYPE_CHECKING:
    from sagemaker.core.resources import Endpoint

TARGET = "sagemaker"


def endpoint(outputs: Mapping[str, Any], service: str | None = None) -> Endpoint:
    """The endpoint of a service as SageMaker's SDK has it, in the region of the stack.

    Args:
        outputs: of a stack, as `modelport outputs --json` prints them.
        service: its name; without it, the only one that runs on SageMaker.

    Raises:
        ModelportError: there is no such service, it has no endpoint, or the SDK is not installed.
    """
    services = outputs.get("services") or {}
    there = {name: each["targets"][TARGET] for name, each in services.items() if TARGET in each["targets"]}
    chosen = service or (next(iter(there)) if len(there) == 1 else "")
    if chosen not in there:
        raise ModelportError(
            f"{chosen or 'service'}\n  name one that runs on SageMaker: {', '.join(there) or 'none does'}"
        )
    place = place_of(there[chosen]["endpoint"])
    if place is None:
        raise ModelportError(f"{chosen}\n  has no endpoint: it is a service of jobs.")
    try:
        from sagemaker.core.resources import Endpoint
    except ImportError:
        remedy = "Install it: pip install 'modelport[sagemaker]'"
        raise ModelportError(f"sagemaker-core\n  is not installed. {remedy}") from None
    name, region = place
    return Endpoint.get(endpoint_name=name, region=region)
