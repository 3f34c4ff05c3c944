from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paths:
    """Paths of the platform's choice, beside those that every server has.

    Attributes:
        score: take what /invocations takes.
        live: say that the process lives.
        ready: say that the models serve.
    """

    score: tuple[str, ...] = ("/score",)
    live: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
