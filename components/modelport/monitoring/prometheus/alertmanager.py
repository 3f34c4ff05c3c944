"""Who hears of the alerts, in Alertmanager's own form."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from modelport.monitoring.receivers import Receiver

from .yaml import to_yaml

SECRET = re.compile(r"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/([A-Za-z0-9._-]+)")
"""A key of a Kubernetes Secret, SECRET/KEY, that holds a webhook's address."""

SECRETS = "/etc/alertmanager/secrets"
"""Where the Prometheus operator mounts the Secrets that its Alertmanager may read."""

NOBODY = "nobody"
GROUP_BY = ("service", "alertname")
REPEAT = {"page": "4h", "ticket": "1d"}
OURS = "Modelport.+"
"""Alerts by their names."""


class Addresses(NamedTuple):
    """Where Alertmanager sends a service's alerts.

    Attributes:
        secrets: name and key of each Secret that holds a webhook's address.
        unknown: what means nothing to Alertmanager: a topic of another target.
    """

    emails: tuple[str, ...]
    webhooks: tuple[str, ...]
    secrets: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]

    @property
    def are_known(self) -> bool:
        """Whether anybody hears of an alert."""
        return bool(self.emails or self.webhooks or self.secrets)


def addresses(receivers: Iterable[Receiver]) -> Addresses:
    """What Alertmanager makes of some receivers."""
    by_kind = {kind: [each.address for each in receivers if each.kind == kind] for kind in KINDS}
    keys = {topic: match.groups() for topic in by_kind["topic"] if (match := SECRET.fullmatch(topic))}
    unknown = tuple(topic for topic in by_kind["topic"] if topic not in keys)
    secrets = tuple((name, key) for name, key in keys.values())
    return Addresses(tuple(by_kind["email"]), tuple(by_kind["webhook"]), secrets, unknown)


KINDS = ("email", "webhook", "topic")


def routes_file(services: Mapping[str, Sequence[Receiver]]) -> str:
    """A configuration of Alertmanager that brings each service's alerts to its receivers.

    It is whole but for `global.smtp_*`, which e-mail needs and only who runs Alertmanager knows.
    """
    named = {service: found for service, each in services.items() if (found := addresses(each)).are_known}
    inhibit = {
        "source_matchers": [f'alertname=~"{OURS}"', 'severity="page"'],
        "target_matchers": [f'alertname=~"{OURS}"', 'severity="ticket"'],
        "equal": ["service", "namespace"],
    }
    route = {"receiver": NOBODY, "group_by": list(GROUP_BY), "routes": [_route(service) for service in named]}
    own = [_receiver(service, found) for service, found in named.items()]
    return to_yaml({"route": route, "inhibit_rules": [inhibit], "receivers": [{"name": NOBODY}, *own]})


def _route(service: str) -> dict[str, Any]:
    return {
        "matchers": [f'service="{service}"', f'alertname=~"{OURS}"'],
        "receiver": f"modelport-{service}",
        "repeat_interval": REPEAT["page"],
        "routes": [{"matchers": ['severity="ticket"'], "repeat_interval": REPEAT["ticket"]}],
    }


def _receiver(service: str, found: Addresses) -> dict[str, Any]:
    webhooks = [{"url": address} for address in found.webhooks]
    webhooks += [{"url_file": f"{SECRETS}/{name}/{key}"} for name, key in found.secrets]
    return {
        "name": f"modelport-{service}",
        **({"email_configs": [{"to": address} for address in found.emails]} if found.emails else {}),
        **({"webhook_configs": webhooks} if webhooks else {}),
    }
