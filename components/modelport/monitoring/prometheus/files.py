"""All that Prometheus, Alertmanager and Grafana need of some services, as files."""

from collections.abc import Iterable, Iterator, Sequence

from modelport.monitoring.dashboard import dashboard
from modelport.monitoring.receivers import receiver, receivers
from modelport.monitoring.rules import alert_rules
from modelport.monitoring.runbooks import RUNBOOKS
from modelport.plan.names import unique_name
from modelport.spec import ModelSpec

from .alertmanager import addresses, routes_file
from .grafana import MADE, UID_LENGTH, dashboard_file
from .rules import rules_file
from .scrape import Scrape

ROUTES_FILE = "alertmanager.yaml"


def files(specs: Sequence[ModelSpec], stack: str, runbooks: str = RUNBOOKS, *topics: str) -> dict[str, str]:
    """Each file's name and text, always the same for the same services; each has `MADE` in it.

    The scrape job of each service bears the service's name. `topics` hear of all alerts.
    """
    found = dict(pair for spec in specs for pair in _of_service(spec, stack, runbooks))
    heard = {spec.metadata.name: receivers(spec, *topics) for spec in specs if alert_rules(spec)}
    if any(addresses(each).are_known for each in heard.values()):
        found[ROUTES_FILE] = f"# {MADE}\n{routes_file(heard)}"
    return found


def unheard(specs: Iterable[ModelSpec], *topics: str) -> list[tuple[str, str]]:
    """Each receiver that Alertmanager has no way to, with the place that names it before it."""
    named = [(f"{spec.metadata.name}: monitoring.alerts.notify", receivers(spec)) for spec in specs]
    named += [("modelport:existing.topic", (receiver(topic),)) for topic in topics]
    return [(place, address) for place, each in named for address in addresses(each).unknown]


def _of_service(spec: ModelSpec, stack: str, runbooks: str) -> Iterator[tuple[str, str]]:
    name, scrape = spec.metadata.name, Scrape.of_job(spec.metadata.name)
    yield f"{name}.rules.yaml", f"# {MADE}\n{rules_file(alert_rules(spec), scrape, runbooks)}"
    uid = unique_name(name, stack, max_length=UID_LENGTH)
    yield f"{name}.dashboard.json", dashboard_file(f"{name} ({stack})", uid, dashboard(spec), scrape)
