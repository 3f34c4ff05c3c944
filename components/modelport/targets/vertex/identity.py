from __future__ import annotations

import pulumi

from .resources import ACCOUNT, BUCKET_GRANT, Resources
from .storage import Store

ID_LENGTH = 30
READS = "roles/storage.objectViewer"


def identity(own: Resources, store: Store) -> pulumi.Input[str]:
    """The address of the account that the containers are, made unless it is given; it may read models.

    Source: https://cloud.google.com/vertex-ai/docs/general/custom-service-account
    """
    existing = own.plan.environment.existing.role
    if existing is not None:
        return existing
    inputs = {
        "accountId": own.plan.names.of("server", max_length=ID_LENGTH),
        "displayName": f"The model service {own.plan.names.of()}.",
    }
    made = own.make(ACCOUNT, "account", inputs)
    own.make(BUCKET_GRANT, "account-models", {"bucket": store.bucket, "role": READS, "member": made.member})
    return made.email
