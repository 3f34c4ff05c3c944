from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .quantity import Between, Duration
from .scalars import Cron, Flag, Notified, Number, Percent, Source, Text, Webhook
from .section import Section, broken_rule


class Capture(Section):
    """Requests and answers kept for audit, drift detection and retraining."""

    percent: Percent = 0
    """Share of requests kept, in percent; 0 keeps none."""

    retention: Annotated[Duration, Between("1d", "3650d")] = Duration.parse("365d")
    """How long they are kept."""

    redact: tuple[Text, ...] = ()
    """Inputs and outputs, by name, that are removed before anything is kept."""


class Drift(Section):
    """Comparison of captured inputs with a baseline."""

    enabled: Flag = False
    """Whether captured inputs are compared with the baseline."""

    method: Literal["psi", "ks", "js"] = "psi"
    """Population stability index, Kolmogorov-Smirnov statistic, or Jensen-Shannon distance."""

    threshold: Annotated[Number, Field(gt=0, le=10)] = 0.2
    """Value of the method above which an input has drifted."""

    schedule: Cron = "0 * * * *"
    """When it is computed, in UTC: minute, hour, day of month, month, day of week."""

    baseline: Source | None = None
    """Data that the model was trained on: a path relative to the service file, or a URI like `model.source`."""


class Alerts(Section):
    """Who hears of trouble."""

    enabled: Flag = True
    """Whether alerts are made from `slo`, drift, saturation, silence and the model's age."""

    notify: tuple[Notified, ...] = ()
    """Receivers: an e-mail address, an https:// webhook, or the target's own topic or channel (for Alertmanager
    SECRET/KEY, the key of a Kubernetes Secret that holds a webhook's address)."""

    model_age: Annotated[Duration, Between("1d", "3650d")] | None = Duration.parse("180d")
    """How long the same model may serve before that is a matter for a ticket; null for ever."""


class Retraining(Section):
    """What starts a new training."""

    trigger: Literal["never", "drift", "schedule"] = "never"
    """What starts it."""

    schedule: Cron = "0 3 * * 0"
    """When, in UTC, if `trigger` is schedule: minute, hour, day of month, month, day of week."""

    webhook: Webhook | None = None
    """Address that is called with the reason, as JSON; required unless `trigger` is never."""

    @model_validator(mode="after")
    def _a_trigger_calls_someone(self) -> Self:
        if self.trigger != "never" and self.webhook is None:
            raise broken_rule("a trigger needs the address to call", "webhook", "trigger")
        return self


class Monitoring(Section):
    """What is watched beyond the objectives in `slo`."""

    capture: Capture = Capture()
    """Requests and answers that are kept."""

    drift: Drift = Drift()
    """Comparison of captured inputs with a baseline."""

    alerts: Alerts = Alerts()
    """Who hears of trouble."""

    retraining: Retraining = Retraining()
    """What starts a new training."""
