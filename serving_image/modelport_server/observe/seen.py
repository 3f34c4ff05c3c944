from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelport_server.inference.model import Model
    from modelport_server.tensors import Array, Inference


@dataclass(slots=True)
class Seen:
    """An inference, and what became of it.

    Attributes:
        id: empty where nobody asks for one.
        route: the wire it came on, as metrics call it.
        started: seconds since 1970.
        seconds: from the request's tensors to the answer's.
        code: of the fault, None where there is an answer.
        arrays: the answer, in the order of the outputs asked for.
    """

    model: Model
    asked: Inference
    id: str
    route: str
    trace_id: str | None
    started: float
    seconds: float = 0.0
    code: str | None = None
    arrays: list[Array] = field(default_factory=list)
