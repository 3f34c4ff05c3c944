"""What is asked of Prometheus to know how many instances a service needs: its load, summed over those that run."""

from .queries import REQUESTS, ROUTES
from .scrape import Scrape

OVER = "2m"


def requests_per_second(scrape: Scrape, *matchers: str) -> str:
    """The rate of requests that may run a model."""
    return f"sum(rate({scrape.series(REQUESTS, ROUTES, *matchers)}[{OVER}]))"


def in_flight(scrape: Scrape, *matchers: str) -> str:
    """Requests that are being answered, but for the scrapes themselves."""
    series = scrape.series("modelport_requests_inflight", *matchers)
    return f"clamp_min(sum(avg_over_time({series}[{OVER}])) - count({series}), 0)"
