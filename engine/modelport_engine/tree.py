"""The resources of a run as a live tree, made from nothing but its events."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelport_engine.protocol.urn import Urn
from modelport_engine.update.events import Event, internal

if TYPE_CHECKING:
    from rich.tree import Tree

SIGNS = {
    "create": "+ ",
    "update": "~ ",
    "delete": "- ",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "read": "> ",
    "import": "= ",
    "discard": "< ",
    "refresh": "~ ",
}
STYLES = {"+": "green", "~": "yellow", "-": "red", ">": "cyan", "=": "cyan", "<": "cyan"}
PARTS_OF_A_REPLACEMENT = ("create-replacement", "delete-replaced", "import-replacement")


@dataclass
class Row:
    """One resource: what happens or happened to it, and since when; `ended` while no step of it is under way."""

    urn: Urn
    parent: str
    op: str = "same"
    doing: str = ""
    began: float = 0
    ended: bool = True
    failed: bool = False
    changes: tuple[str, ...] = ()


class ResourceTree:
    """Takes the events of one run, and is what rich draws of it: resources that change, under their parents.

    `clock` gives seconds since 1970, as events count them.
    """

    def __init__(self, clock: Callable[[], float] = time.time):
        self.rows: dict[str, Row] = {}
        self._clock = clock

    def take(self, event: Event) -> None:
        """Add one event; any that is not about a step changes nothing."""
        if internal(event):
            return
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if kind in event:
                self._step(event[kind]["metadata"], kind, event["timestamp"])

    def __rich__(self) -> "Tree":
        from rich.tree import Tree

        root, nodes = Tree("", hide_root=True), dict[str, Tree]()

        def node(urn: str) -> Tree:
            if urn not in shown:
                return root
            if urn not in nodes:
                nodes[urn] = node(shown[urn].parent).add(self._line(shown[urn]))
            return nodes[urn]

        shown = self._shown()
        for urn in shown:
            node(urn)
        return root

    def _step(self, step: Mapping[str, Any], kind: str, moment: float) -> None:
        state = step.get("new") or step.get("old") or {}
        row = self.rows.setdefault(step["urn"], Row(Urn(step["urn"]), state.get("parent", "")))
        row.doing, row.ended = step["op"], kind != "resourcePreEvent"
        row.op = "replace" if step["op"] in PARTS_OF_A_REPLACEMENT else step["op"]
        row.failed = row.failed or kind == "resOpFailedEvent"
        row.began = row.began if row.ended else moment
        row.changes = tuple(step.get("diffs") or ()) or row.changes

    def _shown(self) -> dict[str, Row]:
        """What changes or is under way, and everything above it."""
        shown = {urn for urn, row in self.rows.items() if row.op != "same" or row.failed or not row.ended}
        for urn in list(shown):
            while (urn := self.rows[urn].parent) in self.rows and urn not in shown:
                shown.add(urn)
        return {urn: row for urn, row in self.rows.items() if urn in shown}

    def _line(self, row: Row) -> Any:
        from rich.text import Text

        sign = SIGNS.get(row.op, "  ")
        words = [sign, row.urn.type, row.urn.name]
        words += [f"[{', '.join(row.changes)}]"] if row.changes else []
        if row.failed:
            words.append("failed")
        elif not row.ended:
            words.append(f"{row.doing} {max(0, self._clock() - row.began):.0f} s")
        return Text(" ".join(words), style="red" if row.failed else STYLES.get(sign[0], "dim"))
