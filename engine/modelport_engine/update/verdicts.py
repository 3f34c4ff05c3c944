"""What policies came to: evaluated, not applicable or undecided, for each policy and resource, counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """What became of one policy on one resource; of two answers about the same, the greater one counts."""

    NOT_APPLICABLE = 0
    EVALUATED = 1
    UNDECIDED = 2  # a value was not known


@dataclass
class Verdicts:
    """The verdicts of one run."""

    _found: dict[tuple[str, str, str], Verdict] = field(default_factory=dict)

    def note(self, pack: str, policy: str, urn: str, verdict: Verdict) -> None:
        """Add what a policy of a pack said about a resource."""
        key = (pack, policy, urn)
        self._found[key] = max(verdict, self._found.get(key, verdict))

    def counts(self) -> Mapping[str, int]:
        """How often each verdict was given."""
        counter = Counter(self._found.values())
        return {
            "evaluated": counter[Verdict.EVALUATED],
            "notApplicable": counter[Verdict.NOT_APPLICABLE],
            "undecided": counter[Verdict.UNDECIDED],
        }

    def undecided(self) -> Sequence[tuple[str, str, str]]:
        """Pack, policy and URN of what could not be decided."""
        return [key for key, verdict in self._found.items() if verdict is Verdict.UNDECIDED]
