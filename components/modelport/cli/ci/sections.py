"""What a pull request does, as the sections of its comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modelport.plan.change import Change
from modelport.reports.comment import Section
from modelport.reports.comparison import Changed
from modelport.reports.markdown import code, row, table
from modelport.reports.owners import Owner

from .stack_change import Model, StackChange

FIELDS_SHOWN = 5
INTERRUPTED = ("yes", "maybe", "no")
ORDER = ("replaces", "may replace", "delete")


def sections(stacks: Sequence[StackChange], failing: Sequence[str], exemptions: Sequence[str]) -> list[Section]:
    """The sections, the most important first."""
    return [
        Section("What fails this check", tuple(f"- {code(each)}" for each in failing)),
        Section("Refused, or failed", tuple(_errors(stacks))),
        Section("Services", tuple(_services(stacks)), table("service", "requests interrupted", "rollout", "way back")),
        Section("Replacements and deletions", tuple(_replaced(stacks)), table("resource", "becomes", "fields", "by")),
        Section("Models", tuple(_models(stacks)), table("service", "live", "before", "after", "for callers", "size")),
        Section("Policies", tuple(_violations(stacks)), table("control", "level", "resource", "what")),
        Section("New exemptions, which hold once they are merged", tuple(f"- {code(each)}" for each in exemptions)),
        Section("Property patches", tuple(_patches(stacks))),
        Section(
            "Not applied yet: the state differs from the base", tuple(_pending(stacks)), table("resource", "becomes")
        ),
        Section("Other changes", tuple(_others(stacks)), table("resource", "becomes", "fields")),
    ]


def unchecked(stacks: Sequence[StackChange], outside: int) -> Section:
    """What the check does not know."""
    lines = [
        "What is really there: plans are compared with plans, without a state, a cloud or a cluster.",
        "Secrets and values that a provider makes: they are not known offline.",
        "Quotas, prices and permissions in the account or cluster.",
    ]
    if any(each.services is not None for each in stacks):
        lines.append("Services that the change does not touch.")
    if open_ := sum(len(each.head.findings.get("undecided", ())) for each in stacks):
        lines.append(f"{open_} policy decisions that need values which are not known yet.")
    if outside:
        lines.append(f"{outside} changed files outside the project.")
    return Section("Not checked here", tuple(f"- {line}" for line in lines))


def _services(stacks: Iterable[StackChange]) -> Iterator[str]:
    found = [(stack.stack, changed) for stack in stacks for changed in stack.changed if changed.owner.target]
    for stack, changed in sorted(found, key=lambda each: INTERRUPTED.index(each[1].effect.interrupted)):
        effect = changed.effect
        word = effect.interrupted if effect.interrupted == "no" else f"**{effect.interrupted}**"
        yield row((_called(changed.owner, stack), word, effect.rollout, effect.way_back))


def _called(owner: Owner, stack: str) -> str:
    return f"{code(owner.service)} on {owner.target}, stack {code(stack)}"


def _errors(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack in stacks:
        for error in stack.head.errors:
            yield f"- {code(stack.stack)}: {code(error)}"
        for error in stack.base.errors:
            yield f"- {code(stack.stack)}, before this change, so that everything counts as new: {code(error)}"


def _replaced(stacks: Iterable[StackChange]) -> Iterator[str]:
    found = [(stack, each) for stack, changed in _changed(stacks) for each in changed.changes if each.kind in ORDER]
    for stack, each in sorted(found, key=lambda pair: ORDER.index(pair[1].kind)):
        becomes = "deleted" if each.kind == "delete" else each.kind
        yield row((_resource(stack, each), becomes, _fields(each), each.source))


def _others(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack, changed in _changed(stacks):
        if changed.is_new:
            whose = _called(changed.owner, stack) if changed.owner.target else f"stack {code(stack)}"
            yield row((whose, "new", f"{len(changed.changes)} resources"))
            continue
        for each in changed.changes:
            if each.kind not in ORDER:
                yield row((_resource(stack, each), "new" if each.kind == "create" else each.kind, _fields(each)))


def _pending(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack in stacks:
        for changed in stack.pending:
            for each in changed.changes:
                yield row((_resource(stack.stack, each), "new" if each.kind == "create" else each.kind))


def _changed(stacks: Iterable[StackChange]) -> Iterator[tuple[str, Changed]]:
    return ((stack.stack, changed) for stack in stacks for changed in stack.changed)


def _resource(stack: str, change: Change) -> str:
    return f"{code(change.name)} ({change.type.rpartition(':')[2]}), stack {code(stack)}"


def _fields(change: Change) -> str:
    more = len(change.fields) - FIELDS_SHOWN
    return ", ".join([*map(code, change.fields[:FIELDS_SHOWN]), *([f"and {more} more"] if more > 0 else [])])


def _models(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack in stacks:
        for each in stack.models:
            versions = [code(version or "") or "none" for version in (each.before, each.after)]
            yield row((_called(each.owner, stack.stack), each.role, *versions, _for_callers(each), _size(each)))


def _for_callers(model: Model) -> str:
    found = model.succession
    if found is None:
        return "not compared" if model.before and model.after else ""
    words = [f"**BREAKING**: {code('; '.join(found.breaking))}"] if found.breaking else ["compatible"]
    words += [code("; ".join(found.compatible))] if found.compatible else []
    words += [f"answers to the sample differ by {found.delta:.3g}"] if found.delta is not None else []
    return "; ".join(words)


def _size(model: Model) -> str:
    if model.succession is None:
        return ""
    before, after = model.succession.before.size, model.succession.after.size
    return f"{before / 1e6:.1f} MB to {after / 1e6:.1f} MB"


def _violations(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack in stacks:
        for each in stack.new_violations:
            level = "exempted" if each["exempted"] else each["level"]
            what = f"{each['message']} ({each['exemption']})" if each["exempted"] else each["message"]
            resource = f"{code(each['urn'].rpartition('::')[2])}, stack {code(stack.stack)}"
            yield row((code(each["rule"]), level, resource, code(what)))
        if stack.mended:
            yield row(("", "", f"stack {code(stack.stack)}", f"{stack.mended} findings of before are gone"))


def _patches(stacks: Iterable[StackChange]) -> Iterator[str]:
    for stack in stacks:
        for name in stack.patched:
            yield f"- {code(name)}, stack {code(stack.stack)}: `modelport:resources` changes what modelport makes"
