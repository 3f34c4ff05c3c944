from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Any

from modelport.providers.crud import Say

from .aws import AwsError, client

IN_SERVICE = "InService"
ON_ITS_WAY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
POLL_SECONDS, SAY_SECONDS = 5.0, 30.0
NEWEST_STREAMS, LAST_LINES, LINE_LENGTH = 3, 20, 300
ONCE = {"connect_timeout": 10, "read_timeout": 70, "retries": {"total_max_attempts": 1}}
"""SageMaker answers within 60 seconds, and what cannot be reached at once is in another network."""
PROVISIONING_SECONDS = 180
"""How long a serverless container may take to start; botocore, InvokeEndpoint: ModelNotReadyException."""
NOT_THERE = ("ValidationException", "ResourceNotFoundException")


class EndpointFailed(AwsError):
    """An endpoint does not serve what it should. The text ends with what its containers said last."""


@dataclass(frozen=True)
class LiveEndpoint:
    """An endpoint of SageMaker as it is now."""

    region: str
    name: str

    def described(self) -> dict[str, Any] | None:
        """What SageMaker says of it; None where there is none."""
        with client("sagemaker", self.region, self.name, NOT_THERE) as sagemaker:
            return dict(sagemaker.describe_endpoint(EndpointName=self.name))
        return None

    def machines(self) -> dict[str, str]:
        """The instance types of its variants that answer callers, by name; nothing where there is none."""
        found = self.described()
        if found is None:
            return {}
        with client("sagemaker", self.region, self.name) as sagemaker:
            configured = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        return {each["VariantName"]: each.get("InstanceType", "") for each in configured["ProductionVariants"]}

    def wait(self, configuration: str, seconds: float, say: Say) -> None:
        """Return once it serves with a configuration.

        Raises:
            EndpointFailed: it is not there, has failed, serves with another configuration, or takes longer.
        """
        began = told = time.monotonic()
        while (found := self.described()) and found["EndpointStatus"] in ON_ITS_WAY:
            waited = time.monotonic() - began
            if waited > seconds:
                raise self.failed(f"is still {found['EndpointStatus']} after {waited:.0f} s")
            if time.monotonic() - told > SAY_SECONDS:
                told = time.monotonic()
                say(f"endpoint {self.name} is {found['EndpointStatus']} for {waited:.0f} s")
            time.sleep(POLL_SECONDS)
        if found is None:
            raise self.failed("is not there")
        reason = found.get("FailureReason", "SageMaker says no reason")
        if found["EndpointStatus"] != IN_SERVICE:
            raise self.failed(f"is {found['EndpointStatus']}: {reason}")
        if found["EndpointConfigName"] != configuration:
            raise self.failed(f"has gone back to {found['EndpointConfigName']}: {reason}")

    def weights(self) -> dict[str, float]:
        """How the requests are divided, by variant, as far as SageMaker says it."""
        variants = (self.described() or {}).get("ProductionVariants", [])
        return {each["VariantName"]: each["CurrentWeight"] for each in variants if "CurrentWeight" in each}

    def divide(self, weights: Mapping[str, int]) -> None:
        """Have the requests divided so; it is in service before and, after a while, again.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html
        """
        shares = [{"VariantName": variant, "DesiredWeight": weight} for variant, weight in weights.items()]
        with client("sagemaker", self.region, self.name) as sagemaker:
            sagemaker.update_endpoint_weights_and_capacities(EndpointName=self.name, DesiredWeightsAndCapacities=shares)

    def ask(self, request: bytes, variant: str | None = None) -> bytes:
        """The answer to a V2 infer request, of one variant where it has several, once that is provisioned.

        Raises:
            AwsError: it answers with an error, or not at all.
        """
        only = {"TargetVariant": variant} if variant else {}
        asked = {"EndpointName": self.name, "ContentType": "application/json", "Body": request, **only}
        until = time.monotonic() + PROVISIONING_SECONDS
        with client("sagemaker-runtime", self.region, self.name, **ONCE) as runtime:
            while True:
                try:
                    return bytes(runtime.invoke_endpoint(**asked)["Body"].read())
                except runtime.exceptions.ModelNotReadyException:
                    if time.monotonic() > until:
                        raise
                    time.sleep(POLL_SECONDS)

    def failed(self, problem: str) -> EndpointFailed:
        """The error, with the last lines of the containers where they can be read."""
        lines = list(self.last_lines())
        said = "".join(f"\n    {line}" for line in lines)
        where = f"its containers said last:{said}" if lines else "its containers have said nothing that can be read"
        return EndpointFailed(self.name, f"{problem}.\n  {where}")

    def last_lines(self) -> Iterator[str]:
        """What the containers said last, the newest ones first; nothing where that cannot be read.

        Instances of before go on speaking while new ones fail, and CloudWatch knows late who spoke last: botocore,
        DescribeLogStreams, lastEventTimestamp.
        """
        group = f"/aws/sagemaker/Endpoints/{self.name}"
        try:
            with client("logs", self.region, group, NOT_THERE) as logs:
                pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
                streams = [stream for page in pages for stream in page["logStreams"]]
                for stream in nlargest(NEWEST_STREAMS, streams, itemgetter("creationTime")):
                    of = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
                    for event in logs.get_log_events(**of, limit=LAST_LINES, startFromHead=False)["events"]:
                        yield event["message"].rstrip()[:LINE_LENGTH]
        except AwsError:
            return


def outputs_of(answer: bytes) -> list[dict[str, Any]]:
    """The outputs of a V2 infer response.

    Raises:
        ValueError: it is none.
    """
    try:
        outputs: list[dict[str, Any]] = json.loads(answer)["outputs"]
    except (ValueError, TypeError, LookupError):
        raise ValueError("the answer is no V2 infer response") from None
    return outputs
