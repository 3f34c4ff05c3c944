"""What is asked of Prometheus to know how many instances a service needs: its load, summed over those that run.

Where none of them is scraped there is no answer: that is not the same as no load.
"""

from .queries import REQUESTS, ROUTES
from .scrape import Scrape

OVER = "2m"
INFLIGHT = "modelport_requests_inflight"
"""What every server says that is scraped."""
WAITING = "modelport_requests_waiting"


def requests_per_second(scrape: Scrape, *matchers: str) -> str:
    """The rate of requests that may run a model; a server counts none of them before the first."""
    rate = f"sum(rate({scrape.series(REQUESTS, ROUTES, *matchers)}[{OVER}]))"
    return f"{rate} or 0 * count({scrape.series(INFLIGHT, *matchers)})"


def in_flight(scrape: Scrape, *matchers: str) -> str:
    """Requests that are being answered, but for the scrapes themselves."""
    series = scrape.series(INFLIGHT, *matchers)
    return f"clamp_min(sum(avg_over_time({series}[{OVER}])) - count({series}), 0)"


def waiting(scrape: Scrape, *matchers: str) -> str:
    """Requests that the model has not come to."""
    return f"sum(avg_over_time({scrape.series(WAITING, *matchers)}[{OVER}]))"
