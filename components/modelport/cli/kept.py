"""What destroyed stacks have left behind on purpose, until it is purged."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from modelport.cli.console import say
from modelport.cli.workspace import Workspace

if TYPE_CHECKING:
    from modelport.cli.report import Report
    from modelport.targets.kept import Kept

GOING = ("delete", "delete-replaced")
BUNDLE, S3 = "modelport:artifact:Bundle", "s3://"
FOLDER = Path(".modelport", "kept")


class Ledger:
    """What of a stack was left behind, in a file of the project, so that it can be purged later or after a failure."""

    def __init__(self, workspace: Workspace):
        self._stack = workspace.stack
        self._file = workspace.root / FOLDER / f"{workspace.stack}.json"

    @property
    def entries(self) -> list[Kept]:
        """In the order in which they came."""
        from modelport.targets.kept import Kept

        if not self._file.exists():
            return []
        return [Kept(**each) for each in json.loads(self._file.read_text(encoding="utf-8"))]

    def add(self, kept: Iterable[Kept]) -> None:
        """Note what was left behind just now."""
        self._write(list(dict.fromkeys([*self.entries, *kept])))

    def tell(self) -> None:
        """List everything, with the command that deletes it."""
        self._tell(self.entries, "delete it for good: {}")

    def tell_of_update(self, kept: Collection[Kept]) -> None:
        """List what an update has left behind, with the command that deletes it and the stack."""
        self._tell(kept, "it goes for good with the stack: {}")

    def purge(self) -> None:
        """Delete everything with its data; what has been deleted is not noted any more when something fails."""
        from modelport.targets.kept import holders

        known = holders()
        for each in self.entries:
            known[each.type].delete(each)
            self.forget([each])
            say(f"  purged   {each.name:<36} {each.id}")

    def forget(self, gone: Collection[Kept]) -> None:
        """Note no more what is not there any more."""
        self._write([each for each in self.entries if each not in gone])

    def _tell(self, entries: Collection[Kept], how: str) -> None:
        from modelport.targets.kept import holders

        nouns = {token: holder.noun for token, holder in holders().items()}
        if entries:
            say("\nkept, with its data:")
            for each in entries:
                say(f"  {nouns[each.type]:<8} {each.name:<36} {each.id}  {each.region}")
            say(how.format(f"modelport destroy -s {self._stack} --purge-data"))

    def _write(self, entries: list[Kept]) -> None:
        if not entries:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps([asdict(each) for each in entries], indent=2), encoding="utf-8")
        draft.replace(self._file)


def kept_of(report: Report) -> list[Kept]:
    """What holds data among what the last run took out of the state and left where it is.

    What came into the state again under the same id, as a version that was found in a registry, is not left behind.
    """
    from modelport.targets.kept import Kept, holders

    known, steps = holders(), report.steps.values()
    here = {(step.token, step.new.get("id")) for step in steps if step.new and step.op not in GOING}
    return [
        Kept(step.token, step.name, step.old["id"], (step.old.get("outputs") or {}).get("region", ""))
        for step in steps
        if step.op in GOING
        and step.done
        and step.old.get("retainOnDelete")
        and step.token in known
        and (step.token, step.old["id"]) not in here
    ]


def folders_of(report: Report, kept: Iterable[Kept]) -> list[str]:
    """Where the last run left models, and what else services keep, in buckets that were given: not in those kept."""
    made = tuple(f"{S3}{each.id}/" for each in kept)
    gone = [step for step in report.steps.values() if step.op == "delete" and step.done and step.token == BUNDLE]
    said = [step.old.get("outputs") or {} for step in gone]
    targets = {each["target"] for each in said if not each.get("prune")}
    return sorted(each for each in targets if each.startswith(S3) and not each.startswith(made))


def tell_folders(folders: Collection[str]) -> None:
    """List folders in buckets that were given, each with the command that deletes it: others may read it, too."""
    if folders:
        say("\nleft in buckets that are given; unless another stack reads it, delete it for good:")
        for each in folders:
            say(f"  aws s3 rm --recursive {each}/")
