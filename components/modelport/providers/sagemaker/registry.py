from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .aws import AwsError, client
from .inputs import ModelPackageInputs

DIGEST = "digest"
"""What a package's metadata calls the digest of its bundle."""
JSON = ["application/json", "text/csv"]
"""Content types that the server takes and gives on SageMaker's wire, serving_image/README.md."""
MACHINES = ("SupportedRealtimeInferenceInstanceTypes", "SupportedTransformInstanceTypes")
NOT_THERE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")


@dataclass(frozen=True)
class Group:
    """A model package group: the versions of one service's model.

    Every method raises `AwsError` where AWS refuses.
    """

    region: str
    name: str

    def ensure(self, tags: dict[str, str]) -> None:
        """Make it unless it is there: what a destroyed stack has left, or another version makes, is gone on with."""
        if self._exists():
            return
        described = [{"Key": key, "Value": value} for key, value in tags.items()]
        try:
            with client("sagemaker", self.region, self.name) as sagemaker:
                sagemaker.create_model_package_group(ModelPackageGroupName=self.name, Tags=described)
        except AwsError:
            if not self._exists():
                raise

    def find(self, wanted: ModelPackageInputs) -> str | None:
        """The ARN of the newest package of a bundle that runs it so; None while there is none."""
        asked = _running(specification(wanted))
        for arn in self._packages():
            found = self.described(arn) or {}
            so = _running(found.get("InferenceSpecification", {})) == asked
            if so and found.get("CustomerMetadataProperties", {}).get(DIGEST) == wanted.digest:
                return arn
        return None

    def described(self, arn: str) -> dict[str, Any] | None:
        """What the registry says of a package; None where there is none."""
        with client("sagemaker", self.region, arn, NOT_THERE) as sagemaker:
            return dict(sagemaker.describe_model_package(ModelPackageName=arn))
        return None

    def add(self, wanted: ModelPackageInputs) -> str:
        """Register a package; gives its ARN."""
        with client("sagemaker", self.region, self.name) as sagemaker:
            made = sagemaker.create_model_package(
                ModelPackageGroupName=self.name,
                ModelPackageDescription=wanted.description,
                InferenceSpecification=specification(wanted),
                ModelApprovalStatus=wanted.approval,
                CustomerMetadataProperties=metadata(wanted),
            )
        return str(made["ModelPackageArn"])

    def change(self, arn: str, wanted: ModelPackageInputs) -> None:
        """Say anew who may use a package, and what is known of it; what is not said any more goes."""
        known = metadata(wanted)
        gone = sorted({*(self.described(arn) or {}).get("CustomerMetadataProperties", {})} - {*known})
        with client("sagemaker", self.region, arn) as sagemaker:
            sagemaker.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus=wanted.approval,
                CustomerMetadataProperties=known,
                **({"CustomerMetadataPropertiesToRemove": gone} if gone else {}),
            )

    def remove(self, arn: str) -> None:
        """Delete a package, and the group with the last one; fine when they are gone."""
        with client("sagemaker", self.region, arn, NOT_THERE) as sagemaker:
            sagemaker.delete_model_package(ModelPackageName=arn)
        if not next(self._packages(), None):
            with client("sagemaker", self.region, self.name, NOT_THERE) as sagemaker:
                sagemaker.delete_model_package_group(ModelPackageGroupName=self.name)

    def _exists(self) -> bool:
        with client("sagemaker", self.region, self.name, NOT_THERE) as sagemaker:
            sagemaker.describe_model_package_group(ModelPackageGroupName=self.name)
            return True
        return False

    def _packages(self) -> Iterator[str]:
        """The ARNs of its packages, newest first."""
        asked = {"ModelPackageGroupName": self.name, "SortBy": "CreationTime", "SortOrder": "Descending"}
        with client("sagemaker", self.region, self.name, NOT_THERE) as sagemaker:
            for page in sagemaker.get_paginator("list_model_packages").paginate(**asked):
                for each in page["ModelPackageSummaryList"]:
                    yield each["ModelPackageArn"]


def specification(wanted: ModelPackageInputs) -> dict[str, Any]:
    """How a package is run: its container, and the machines and content types that are for it.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_InferenceSpecification.html
    """
    if wanted.packed:
        data: dict[str, Any] = {"ModelDataUrl": wanted.model}
    else:
        source = {"S3Uri": f"{wanted.model}/", "S3DataType": "S3Prefix", "CompressionType": "None"}
        data = {"ModelDataSource": {"S3DataSource": source}}
    machines = {
        key: list(names) for key, names in zip(MACHINES, (wanted.realtime, wanted.transform), strict=True) if names
    }
    types = {"SupportedContentTypes": JSON, "SupportedResponseMIMETypes": JSON}
    return {"Containers": [{"Image": wanted.image, **data}], **types, **machines}


def _running(specified: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells ways to run a package apart; the registry adds digests of its own, and more."""
    containers = [
        (
            each["Image"],
            each.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri") or each.get("ModelDataUrl"),
        )
        for each in specified.get("Containers", ())
    ]
    return containers, *(sorted(specified.get(key, ())) for key in MACHINES)


def metadata(wanted: ModelPackageInputs) -> dict[str, str]:
    """What the registry is to know of a package, its digest among it."""
    return {**wanted.metadata, DIGEST: wanted.digest}
