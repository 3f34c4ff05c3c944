from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from .project import Project
from .resources import KEY, KEY_GRANT, KEY_RING, Resources

ROTATION, DESTRUCTION = f"{90 * 24 * 3600}s", f"{30 * 24 * 3600}s"
USES = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


@dataclass(frozen=True)
class Key:
    """What encrypts what the service stores.

    Attributes:
        name: `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        ready: what has to be there before it encrypts anything.
    """

    name: pulumi.Input[str]
    ready: Sequence[pulumi.Resource] = ()

    @property
    def first(self) -> pulumi.ResourceOptions:
        """The options of what it encrypts."""
        return pulumi.ResourceOptions(depends_on=[*self.ready])


def key(own: Resources, project: Project, users: Mapping[str, pulumi.Input[str]]) -> Key:
    """The key, made unless it is given, for some of Google's services; a key ring can never be deleted.

    Args:
        users: the services as members, by what they are for.
    """
    existing = own.plan.environment.existing.key
    if existing is not None:
        return Key(existing)
    ring = own.keep(KEY_RING, "keyring", {"location": project.region})
    inputs = {
        "keyRing": ring.id,
        "purpose": "ENCRYPT_DECRYPT",
        "rotationPeriod": ROTATION,
        "destroyScheduledDuration": DESTRUCTION,
    }
    made = own.keep(KEY, "key", inputs)
    grants = [
        own.keep(KEY_GRANT, f"key-{use}", {"cryptoKeyId": made.id, "role": USES, "member": member})
        for use, member in users.items()
    ]
    return Key(made.id, grants)
