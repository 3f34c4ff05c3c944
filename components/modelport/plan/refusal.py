from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelport.errors import ModelportError
from modelport.spec import Origin, Problem

REFUSED = "MP401"
UNBUILT = "MP402"
NOT_ACCEPTED = "MP403"
VERBS = {REFUSED: "refused by", UNBUILT: "unbuilt on", NOT_ACCEPTED: "approximated by"}


@dataclass(frozen=True)
class Refusal:
    """One thing that a target will not do.

    Attributes:
        code: `MP401` refused, `MP402` not built yet, `MP403` approximated and not accepted. Codes are stable.
        reason: why, as a clause.
        alternative: what to do about it, in a sentence.
        value: what the field says, as shown to people.
        origin: where the field was written, if that is known.
    """

    code: str
    field: str
    target: str
    reason: str
    alternative: str
    value: str = ""
    origin: Origin | None = None

    def __str__(self) -> str:
        message = f"{self.code} {VERBS[self.code]} {self.target}: {self.reason}."
        file, line = (self.origin.file, self.origin.line) if self.origin else ("", None)
        return str(Problem(message, file, line, path=self.field, value=self.value, hint=self.alternative))


class Refused(ModelportError):
    """A target will not do what the user wrote. Holds every refusal, not only the first."""

    exit_code = 4

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        count = "1 problem" if len(self.refusals) == 1 else f"{len(self.refusals)} problems"
        super().__init__("\n".join([*map(str, self.refusals), f"{count}, nothing was changed."]))
