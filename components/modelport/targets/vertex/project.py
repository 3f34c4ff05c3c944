"""The Google Cloud project that a component's provider works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from modelport.targets.credentials import check_credentials

OF_PROVIDER = {
    "credentials": "GOOGLE_APPLICATION_CREDENTIALS",
    "accessToken": "",
    "impersonateServiceAccount": "",
}
"""What in a stack's config makes Pulumi's provider somebody else than Google's tools are."""


def check_identity() -> None:
    """Refuse a stack whose provider is somebody else than Google's libraries."""
    hint = "Leave it out, and let Google's libraries find the same: gcloud auth application-default login"
    check_credentials("gcp", OF_PROVIDER, hint)


@dataclass(frozen=True)
class Project:
    """A project in a region.

    Attributes:
        id: like `shop-prod`.
        number: that Google calls it by.
        billing_account: that pays.
        region: like `europe-west4`.
        opts: those of questions to the provider.
    """

    id: pulumi.Output[str]
    number: pulumi.Output[str]
    billing_account: pulumi.Output[str]
    region: pulumi.Input[str]
    opts: pulumi.InvokeOutputOptions

    @classmethod
    def of(cls, component: pulumi.ComponentResource) -> Project:
        """Where the provider that a component gives its children works."""
        import pulumi_gcp as gcp

        opts = pulumi.InvokeOutputOptions(parent=component)
        found = gcp.organizations.get_project_output(opts=opts)
        provider: Any = component._providers.get("gcp")
        region = provider.region if provider else pulumi.Config("gcp").require("region")
        return cls(found.project_id, found.number, found.billing_account, region, opts)

    @property
    def place(self) -> pulumi.Output[str]:
        """What people call it."""
        return pulumi.Output.concat(self.id, " in ", self.region)

    @property
    def storage_agent(self) -> pulumi.Output[str]:
        """Who Cloud Storage is here, as a member."""
        import pulumi_gcp as gcp

        return gcp.storage.get_project_service_account_output(opts=self.opts).member

    @property
    def bigquery_agent(self) -> pulumi.Output[str]:
        """Who BigQuery is here when it encrypts, as a member."""
        import pulumi_gcp as gcp

        return gcp.bigquery.get_default_service_account_output(opts=self.opts).member
