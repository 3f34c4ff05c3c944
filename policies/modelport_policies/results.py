"""What a review found: a result for each control and resource. Every report is made of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from modelport_policies.control import Control, Level, Outcome, Profile
from modelport_policies.resource import canonical

if TYPE_CHECKING:
    from modelport_policies.exemptions import Exemption
    from modelport_policies.register import Standing

Verdict = Literal["passed", "violated", "exempted", "undecided", "notApplicable"]
DECIDED: tuple[Verdict, ...] = ("passed", "violated", "exempted")


@dataclass(frozen=True)
class Result:
    """What one control says about one resource.

    Attributes:
        urn: of the resource; None where no resource of the stack concerns the control.
        messages: what is wrong, where it is violated or exempted; else why it is not decided or does not apply.
        exemption: what accepts it, where it is exempted.
    """

    control: Control
    level: Level
    urn: str | None
    verdict: Verdict
    messages: tuple[str, ...] = ()
    exemption: Exemption | None = None

    @property
    def type(self) -> str:
        """The type of the resource, as the controls name it; nothing where there is none."""
        return canonical(self.urn.split("::")[2].rpartition("$")[2]) if self.urn else ""


def results_of(
    control: Control, level: Level, urn: str, outcome: Outcome, exemption: Exemption | None
) -> Iterator[Result]:
    """What an outcome says: what was found before an unknown value is violated, and the rest undecided."""
    if outcome.violations:
        yield Result(control, level, urn, "exempted" if exemption else "violated", outcome.violations, exemption)
    if outcome.not_applicable:
        yield Result(control, level, urn, "notApplicable", (outcome.not_applicable,))
    elif outcome.undecided:
        yield Result(control, level, urn, "undecided", (outcome.undecided.message,))
    elif not outcome.violations:
        yield Result(control, level, urn, "passed")


@dataclass(frozen=True)
class Review:
    """The results of a stack, in the order of the catalogue, and what has become of each exemption."""

    profile: Profile
    results: tuple[Result, ...]
    exemptions: tuple[Standing, ...] = ()

    def having(self, *verdicts: Verdict) -> Iterator[Result]:
        """The results with one of these verdicts."""
        return (each for each in self.results if each.verdict in verdicts)

    def stops(self) -> bool:
        """Whether something mandatory is violated and not exempted."""
        return any(each.level == "mandatory" for each in self.having("violated"))

    def counts(self) -> Mapping[str, Counter[Verdict]]:
        """How often each control came to each verdict, on resources."""
        counts: dict[str, Counter[Verdict]] = {each.control.id: Counter() for each in self.results}
        for each in self.results:
            counts[each.control.id][each.verdict] += each.urn is not None
        return counts

    def summary(self) -> dict[str, Any]:
        """The review as plain data, without what passed.

        Returns:
            `profile`; `violations` [{rule, urn, level, message, exempted, and `exemption` if so}]; `evaluated`, the
            number of decisions (a control on a resource); `undecided` [{rule, urn, message}], where a value is not
            known; `notApplicable` [{rule, urn, reason}], where urn is null for a control that no resource concerns;
            `controls` {ID: {level, evaluated, violated, exempted, undecided, notApplicable}}; `exemptions` [{file,
            line, id, state: active | expiring | unused | expired | malformed, message}], one for each entry.
        """
        return {
            "profile": self.profile,
            "violations": [row for each in self.having("violated", "exempted") for row in _violations(each)],
            "evaluated": sum(each.verdict in DECIDED for each in self.results),
            "undecided": [{**_place(each), "message": each.messages[0]} for each in self.having("undecided")],
            "notApplicable": [{**_place(each), "reason": each.messages[0]} for each in self.having("notApplicable")],
            "controls": self._controls(),
            "exemptions": [_standing(each) for each in self.exemptions],
        }

    def _controls(self) -> dict[str, dict[str, Any]]:
        levels = {each.control.id: each.level for each in self.results}
        shown: tuple[Verdict, ...] = ("violated", "exempted", "undecided", "notApplicable")
        return {
            control: {
                "level": levels[control],
                "evaluated": sum(found[verdict] for verdict in DECIDED),
                **{verdict: found[verdict] for verdict in shown},
            }
            for control, found in self.counts().items()
        }


def _place(result: Result) -> dict[str, Any]:
    return {"rule": result.control.id, "urn": result.urn}


def _standing(standing: Standing) -> dict[str, Any]:
    entry, state, message = standing
    called = entry.exemption.id if entry.exemption else None
    return {"file": entry.file, "line": entry.line, "id": called, "state": state, "message": message}


def _violations(result: Result) -> Iterator[dict[str, Any]]:
    accepted = {"exempted": True, "exemption": str(result.exemption)} if result.exemption else {"exempted": False}
    for message in result.messages:
        yield {**_place(result), "level": result.level, "message": message, **accepted}
