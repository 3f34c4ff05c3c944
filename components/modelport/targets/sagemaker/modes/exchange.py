"""Where requests and answers lie in S3, for modes that take them from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from modelport.plan import Plan
from modelport.spec import ModelSpec

from ..account import Account
from ..documents import Statement, allow
from ..storage import Store, names_of

MODES = ("async", "batch")
PLACES = ("requests", "answers", "failures")
DAYS = 30
WRITE = ["s3:PutObject", "s3:AbortMultipartUpload"]


@dataclass(frozen=True)
class Exchange:
    """The folders of a service, each like `s3://BUCKET/PREFIX/answers`.

    Attributes:
        requests: where callers put what they ask.
        answers, failures: where SageMaker puts what the model answers, or why it does not.
        key: that all of it is encrypted with.
        topic: that hears of failures, if there is one.
    """

    requests: pulumi.Output[str]
    answers: pulumi.Output[str]
    failures: pulumi.Output[str]
    key: pulumi.Input[str]
    topic: pulumi.Input[str] | None = None

    def of_service(self, account: Account) -> Iterator[Statement]:
        """What the service does there."""
        bucket, requests, keys = names_of(account, self.requests)
        yield allow("ReadRequests", "s3:GetObject", requests)
        yield allow("ListRequests", "s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": keys}})
        yield allow("WriteAnswers", WRITE, self.written(account))
        if self.topic is not None:
            yield allow("Tell", "sns:Publish", self.topic)

    def of_callers(self, account: Account) -> Iterator[Statement]:
        """What those do there who ask."""
        yield allow("WriteRequests", WRITE, names_of(account, self.requests).objects)
        yield allow("ReadAnswers", "s3:GetObject", self.written(account))
        yield allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], self.key)

    def written(self, account: Account) -> list[pulumi.Output[str]]:
        """The names of what the service writes."""
        return [names_of(account, each).objects for each in (self.answers, self.failures)]


def folders(spec: ModelSpec) -> dict[str, int]:
    """Those of a service whose requests and answers are files in S3, with the days that these stay there.

    None where answers go straight to who asks.
    """
    return dict.fromkeys(PLACES, DAYS) if spec.mode in MODES else {}


def exchange(plan: Plan, store: Store, key: pulumi.Input[str]) -> Exchange | None:
    """The folders in the service's store, if it has some; only of a queue does anybody tell what failed."""
    spec, existing = plan.spec, plan.environment.existing
    places = [pulumi.Output.concat(store.root, "/", each) for each in folders(spec)]
    return Exchange(*places, key, existing.topic if spec.mode == "async" else None) if places else None


def through_network(account: Account, exchange: Exchange | None) -> Iterator[Statement]:
    """What passes the way from the service's network to S3, besides reading."""
    if exchange:
        yield allow("WriteAnswers", WRITE, exchange.written(account), Principal="*")
