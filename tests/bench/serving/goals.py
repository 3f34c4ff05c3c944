"""What the serving image must reach, and what it should: data. Ratios are within one run."""

from dataclasses import dataclass

from bench.serving.contests import ANY, AT_300, AT_LOW, BINARY, ECHO, JSON, ONE, OURS, RAW
from bench.serving.results import MEMORY, P50, P99, START, Key, Results, latency
from bench.serving.wires import GRPC


@dataclass(frozen=True)
class Goal:
    """A figure, or its ratio to another, that is at least `floor`, or at most where small `is_good`."""

    name: str
    figure: Key
    to: Key | None
    floor: float | None
    stretch: float | None
    small_is_good: bool = False
    unit: str = ""

    def measured(self, results: Results) -> float | None:
        return results.ratio(self.figure, self.to) if self.to else results.value(self.figure)

    def met(self, value: float, limit: float | None) -> str:
        if limit is None:
            return ""
        return "yes" if (value <= limit if self.small_is_good else value >= limit) else "no"

    def text(self, limit: float | None) -> str:
        sign = "≤" if self.small_is_good else "≥"
        return "" if limit is None else f"{sign} {limit:g}{self.unit}"


def _tiny(who: str, trial: str) -> Key:
    return ("tiny", who, trial)


def _goals() -> list[Goal]:
    ours = {trial: _tiny(OURS, trial) for trial in (JSON, BINARY)}
    calm, low, low_tail = latency(AT_300, P50), latency(AT_LOW, P50), latency(AT_LOW, P99)
    goals = [
        Goal(f"tiny, {trial}: requests/s to a server of fixed bytes", ours[trial], _tiny(ECHO, ANY), 0.5, None)
        for trial in ours
    ]
    goals += [
        Goal(f"tiny, {trial}: requests/s to raw, one row", ours[trial], _tiny(RAW, "1 row"), None, 0.28)
        for trial in ours
    ]
    goals += [
        Goal(f"tiny: requests/s to {peer}", ours[JSON], _tiny(peer, ANY), 7, 15)
        for peer in ("mlserver", "kserve", "pytriton", "mlflow", "azureml", "litserve", "bentoml")
    ]
    goals += [
        Goal("tiny: requests/s to FastAPI", ours[JSON], _tiny("fastapi", ANY), 5, 12),
        Goal("tiny: requests/s to mosec", ours[JSON], _tiny("mosec", ANY), 0.9, 1.7),
        Goal("tiny: p50 at 300/s to mosec", _tiny(OURS, calm), _tiny("mosec", calm), 1 / 8, None, small_is_good=True),
        Goal("tiny: p50 at 300/s to fixed bytes", _tiny(OURS, calm), _tiny(ECHO, calm), 1.3, 1.0, small_is_good=True),
    ]

    def mlp(who: str, trial: str) -> Key:
        return ("MLP", who, trial)

    unbatched = "unbatched ASGI"
    goals += [
        Goal("MLP, 32 clients: to raw, 32 rows", mlp(OURS, JSON), mlp(RAW, "32 rows"), 0.88, 0.94),
        Goal("MLP, 1 client: to raw, one row", mlp(OURS, ONE), mlp(RAW, "1 row"), 0.90, 0.95),
        Goal("MLP: p50 at low load to unbatched", mlp(OURS, low), mlp(unbatched, low), 1.10, 1.05, small_is_good=True),
        Goal("MLP: p99 at low load to unbatched", mlp(OURS, low_tail), mlp(unbatched, low_tail), 1, None, True),
    ]
    for trial, floor, stretch in ((BINARY, 0.95, 0.98), (JSON, 0.85, 0.90)):
        figure, raw = ("ResNet-18", OURS, trial), ("ResNet-18", RAW, "8 rows")
        goals.append(Goal(f"ResNet-18, {trial}: to raw, 8 rows", figure, raw, floor, stretch))
    goals.append(Goal("gRPC, tiny: to pytriton", ("gRPC", OURS, GRPC.name), ("gRPC", "pytriton", GRPC.name), 1.3, 8))
    for model, trial, rows, floor, stretch in (("MLP", JSON, 32, 0.85, 0.93), ("ResNet-18", BINARY, 8, 0.95, 0.98)):
        contest = f"{model}, 2 cores"
        raw = (contest, RAW, f"{rows} rows")
        goals.append(Goal(f"{contest}: to raw, 2 threads", (contest, OURS, trial), raw, floor, stretch))
    return [
        *goals,
        Goal("tiny: start to ready", _tiny(OURS, START), None, 0.8, None, small_is_good=True, unit=" s"),
        Goal("tiny: resident memory", _tiny(OURS, MEMORY), None, 100, None, small_is_good=True, unit=" MB"),
    ]


GOALS = _goals()
