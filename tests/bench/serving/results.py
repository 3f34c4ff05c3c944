"""What was measured: a figure for each contest, entrant, trial and round."""

from collections import defaultdict
from statistics import median

Key = tuple[str, str, str]  # contest, entrant, trial
START, MEMORY = "start, s", "memory, MB"
P50, P99 = "p50, ms", "p99, ms"


def latency(trial: str, quantile: str) -> str:
    return f"{trial}, {quantile}"


class Results:
    """Figures by round; ratios are taken within a round, and medians of what the rounds gave.

    Attributes:
        absent: why an entrant could not be measured.
        client: the largest share of its core that the client used, and for which key.
        foreign: cores that other processes used, in each trial.
    """

    def __init__(self) -> None:
        self._values: dict[Key, dict[int, float]] = defaultdict(dict)
        self.absent: dict[str, str] = {}
        self.client: tuple[float, Key] = (0, ("", "", ""))
        self.foreign: list[float] = []

    def add(self, key: Key, number: int, value: float) -> None:
        self._values[key][number] = value

    def value(self, key: Key) -> float | None:
        values = self._values.get(key)
        return median(values.values()) if values else None

    def ratio(self, one: Key, other: Key) -> float | None:
        """Of one figure to another, of the rounds that have both."""
        ones, others = self._values.get(one, {}), self._values.get(other, {})
        common = ones.keys() & others.keys()
        return median(ones[each] / others[each] for each in common) if common else None

    def contests(self) -> list[str]:
        return list(dict.fromkeys(name for name, _, _ in self._values))

    def trials(self, contest: str) -> list[str]:
        """Throughputs, then latencies, then what a process costs."""
        found = dict.fromkeys(trial for name, _, trial in self._values if name == contest)
        return sorted(found, key=lambda trial: (trial in (START, MEMORY), trial.endswith((P50, P99))))

    def entrants(self, contest: str) -> list[str]:
        return list(dict.fromkeys(entrant for name, entrant, _ in self._values if name == contest))
