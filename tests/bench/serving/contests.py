"""Who is measured against whom, with what: data."""

from dataclasses import dataclass, field

from bench.serving import wires
from bench.serving.wires import FIXED, GRPC, V2_BINARY, V2_JSON, Wire

OURS, RAW, ECHO = "modelport", "raw onnxruntime", "fixed bytes"
LOW_LOAD = 0.42  # of what raw onnxruntime gives one by one: there is mostly nothing to join


@dataclass(frozen=True)
class Trial:
    """So many clients that ask again at once, or requests at a `rate` a second; a rate of 0 is low load."""

    wire: Wire
    clients: int = 32
    rate: float | None = None


@dataclass(frozen=True)
class Entrant:
    """A server and what it is asked. `peer` is its environment, None for ours."""

    name: str
    trials: dict[str, Trial]
    peer: str | None = None
    is_reference: bool = False  # takes part in every round, as ours does


@dataclass(frozen=True)
class Contest:
    """A model served on so many cores; `raw` is how many rows raw onnxruntime runs at once."""

    name: str
    model: str
    entrants: list[Entrant]
    cores: int = 1
    raw: list[int] = field(default_factory=list)


ROWS = wires.rows("/predict")
# Each on the wire on which it is fastest.
PEERS = {
    "mosec": wires.rows("/inference"),
    "fastapi": ROWS,
    "mlserver": V2_JSON,
    "kserve": wires.rows("/v1/models/{model}:predict", "V1 JSON"),
    "pytriton": V2_BINARY,
    "litserve": ROWS,
    "bentoml": wires.rows("/predict", answer=None),
    "mlflow": wires.rows("/invocations", key="inputs"),
    "azureml": wires.rows("/score"),
}
JSON, BINARY, ONE, ANY = "V2 JSON", "V2 binary", "V2 JSON, 1 client", "its wire"
AT_300, AT_LOW = "at 300/s", "at low load"


def _peers(names: str, clients: int = 32, **others: Trial) -> list[Entrant]:
    return [
        Entrant(
            name,
            {ANY: Trial(PEERS[name], clients)}
            | {what: Trial(PEERS[name], rate=trial.rate) for what, trial in others.items()},
            name,
        )
        for name in names.split()
    ]


def _contests() -> list[Contest]:
    calm, low = Trial(V2_JSON, rate=300), Trial(V2_JSON, rate=0)
    both = {JSON: Trial(V2_JSON), BINARY: Trial(V2_BINARY)}
    echo = {ANY: Trial(FIXED), AT_300: Trial(FIXED, rate=300)}
    unbatched = {ANY: Trial(V2_JSON), AT_LOW: low}
    few = {JSON: Trial(V2_JSON, 8), BINARY: Trial(V2_BINARY, 8)}
    by_grpc = {GRPC.name: Trial(GRPC)}
    return [
        Contest(
            "tiny",
            "logreg",
            [
                Entrant(OURS, {**both, AT_300: calm}),
                Entrant(ECHO, echo, "asgi", is_reference=True),
                *_peers(" ".join(PEERS), **{AT_300: calm}),
            ],
            raw=[1],
        ),
        Contest(
            "MLP",
            "mlp",
            [
                Entrant(OURS, {**both, ONE: Trial(V2_JSON, 1), AT_LOW: low}),
                Entrant("unbatched ASGI", unbatched, "asgi", is_reference=True),
                *_peers("mosec mlserver pytriton", **{AT_LOW: low}),
            ],
            raw=[1, 32],
        ),
        Contest("ResNet-18", "resnet", [Entrant(OURS, few), *_peers("mosec mlserver kserve pytriton", 8)], raw=[8]),
        Contest(
            "gRPC",
            "logreg",
            [
                Entrant(OURS, by_grpc),
                Entrant("pytriton", by_grpc, "pytriton", is_reference=True),
                Entrant("grpcio", by_grpc, "grpcio"),
            ],
        ),
        Contest("MLP, 2 cores", "mlp", [Entrant(OURS, both)], cores=2, raw=[32]),
        Contest("ResNet-18, 2 cores", "resnet", [Entrant(OURS, few)], cores=2, raw=[8]),
    ]


CONTESTS = _contests()
