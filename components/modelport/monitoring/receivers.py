import re
from dataclasses import dataclass
from typing import Literal

from modelport.spec import ModelSpec

EMAIL = re.compile(r"[^@\s/:]+@[^@\s/:]+")


@dataclass(frozen=True)
class Receiver:
    """Who hears of an alert.

    Attributes:
        kind: an e-mail address, an https:// address, or what the target has a name for (a topic, a channel, a secret).
    """

    kind: Literal["email", "webhook", "topic"]
    address: str


def receivers(spec: ModelSpec, *topics: str) -> tuple[Receiver, ...]:
    """Whom `monitoring.alerts.notify` names, and then the stack's `topics`, once each."""
    return tuple(map(receiver, dict.fromkeys((*spec.monitoring.alerts.notify, *topics))))


def receiver(address: str) -> Receiver:
    """Who an address is of."""
    if address.startswith("https://"):
        return Receiver("webhook", address)
    return Receiver("email" if EMAIL.fullmatch(address) else "topic", address)
