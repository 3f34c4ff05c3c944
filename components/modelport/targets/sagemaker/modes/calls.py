"""How a service is asked, in each of its modes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pulumi

from modelport.bundle import Bundle

from .. import endpoint
from ..account import Account
from ..documents import Statement, allow
from ..names import endpoint_name
from ..resources import Resources
from . import batch
from .asynchronous import queued
from .exchange import Exchange


def rights(own: Resources, account: Account, model: Any, exchange: Exchange | None) -> Iterator[Statement]:
    """What those may do who ask the service."""
    mode, name = own.plan.spec.mode, endpoint_name(own.plan)
    if mode == "batch":
        yield batch.starting(own.plan, account, model)
    else:
        action = "sagemaker:InvokeEndpointAsync" if mode == "async" else "sagemaker:InvokeEndpoint"
        yield allow("Invoke", action, account.arn("sagemaker", "endpoint/", name))
    if exchange:
        yield from exchange.of_callers(account)


def invocation(
    own: Resources, account: Account, model: Any, bundle: Bundle, exchange: Exchange | None
) -> pulumi.Output[str]:
    """The command that sends the bundle's sample, or starts a job."""
    if exchange is None:
        return endpoint.invocation(own, account, bundle)
    if own.plan.spec.mode == "batch":
        return batch.job(own, account, model, exchange)
    return queued(own, account, bundle, exchange)


def logs(own: Resources, account: Account) -> pulumi.Output[str]:
    """The command that shows what the containers say."""
    return batch.logs(own, account) if own.plan.spec.mode == "batch" else endpoint.logs(own, account)
