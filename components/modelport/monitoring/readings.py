from dataclasses import dataclass
from enum import StrEnum, auto

from modelport.spec import Duration

from .objectives import Objective


class Signal(StrEnum):
    """What can be measured of a service. Shares are from 0 to 1; requests are those that may run a model."""

    REQUESTS = auto()
    """Requests that were answered in the window."""
    BAD_REQUESTS = auto()
    """Those of them that an objective counts as bad."""
    BAD_SHARE = auto()
    """The share of these in all."""
    BUDGET_LEFT = auto()
    """The share of an objective's error budget that the window has left; below 0 when it is overdrawn."""
    TURNED_AWAY = auto()
    """Requests that were refused in the window because too many waited already."""
    TURNED_AWAY_SHARE = auto()
    """The share of these in all."""
    RATE = auto()
    """Requests a second by the status of their answer."""
    LATENCY = auto()
    """The time in which a quantile of requests was answered, in seconds."""
    MODEL_LATENCY = auto()
    """The time that a quantile of the model's runs took, in seconds."""
    IN_FLIGHT = auto()
    """Requests being answered, of an instance on average."""
    WAITING = auto()
    """Requests that the model has not come to, of an instance on average."""
    CPU = auto()
    """The share of its cores that an instance uses, on average."""
    MEMORY = auto()
    """The share of its memory that the fullest instance holds."""
    ACCELERATOR = auto()
    """The share of the time in which the accelerators work, on average."""
    ACCELERATOR_MEMORY = auto()
    """The share of its memory that the fullest accelerator holds."""
    INSTANCES = auto()
    """Instances that there should be answers from, whether they answer or not."""
    READY = auto()
    """Instances that take traffic."""
    MODELS = auto()
    """Instances that serve a model, by its version and digest."""
    MODEL_AGE = auto()
    """Seconds since the model that serves was first seen here; of several, the oldest."""
    DRIFT = auto()
    """Population stability index of a feature, by feature."""
    DRIFT_ROWS = auto()
    """Rows that the comparison with the baseline rests on."""


@dataclass(frozen=True)
class Reading:
    """One number about a service, in no monitoring system's language.

    Attributes:
        window: that it looks back on; None for the moment.
        objective: whose bad requests are meant.
        quantile: of a latency, from 0 to 1.
        granted: what an instance may use, in cores or bytes, where the signal is a share of it.
        ago: how long ago the window ended; None for now.
    """

    signal: Signal
    window: Duration | None = None
    objective: Objective | None = None
    quantile: float | None = None
    granted: float | None = None
    ago: Duration | None = None
