"""Random resource graphs, and random edits of them, for the program of tests/engine/projects/graph."""

from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any

OBJECTS = ("object", "single")
MOST_REFERENCES = 3
COMPONENT = "graph:index:Component"
STACK = "urn:pulumi:dev::graph::pulumi:pulumi:Stack::graph-dev"


@dataclass(frozen=True)
class Node:
    """One resource; it may name only nodes that stand before it. `references` maps properties to objects."""

    name: str
    kind: str
    size: int = 1
    place: str = "a"
    parent: str | None = None
    provider: str | None = None
    deleted_with: str | None = None
    depends_on: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    aliases: tuple[dict[str, str | None], ...] = ()
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    timeout: str | None = None

    @property
    def needs(self) -> set[str]:
        named = {self.parent, self.provider, self.deleted_with, *self.depends_on, *self.references.values()}
        return {name for name in named if name}


class Graph:
    """Nodes in order; every edit leaves a graph that a program can declare."""

    def __init__(self, random: Random, size: int):
        self.nodes: list[Node] = []
        self._random = random
        self._count = 0
        while len(self.nodes) < size:
            self.add()

    def to_json(self) -> list[dict[str, Any]]:
        """What the program reads. Nothing waits for a component that gets another child later: it might need this."""
        read = []
        for index, node in enumerate(self.nodes):
            unfinished = {name for later in self.nodes[index:] for name in self._ancestors(later)}
            depends_on = [name for name in node.depends_on if name not in unfinished]
            read.append(asdict(node) | {"depends_on": depends_on})
        return read

    def edit(self) -> None:
        """Change something at random."""
        edits = (self.add, self.remove, self.resize, self.resize, self.move_place, self.rename, self.reparent)
        self._random.choice((*edits, self.rewire, self.rewire, self.reorder, self.toggle, self.toggle))()

    def forget_aliases(self) -> None:
        """State knows every resource by its present name."""
        self.nodes = [replace(node, aliases=()) for node in self.nodes]

    def unprotect(self) -> None:
        """Let everything be replaced."""
        self.nodes = [replace(node, protect=False) for node in self.nodes]

    def add(self) -> None:
        kind = self._random.choices(("object", "single", "component", "provider"), (12, 3, 3, 1))[0]
        self._count += 1
        place = self._random.randint(len(self.nodes) // 2, len(self.nodes))
        before = self.nodes[:place]
        node = Node(f"n{self._count}", kind, parent=self._some(before, "component"))
        if kind in OBJECTS:
            node = replace(node, provider=self._some(before, "provider"), **self._edges(before))
        self.nodes.insert(place, node)

    def remove(self) -> None:
        """Remove a node; what is in it goes, too, and what refers to it does so no more."""
        gone: set[str] = set()
        for node in [self._pick(), *self.nodes]:
            if node and ({node.parent, node.provider} & gone or not gone):
                gone.add(node.name)
        if not any(node.protect for node in self.nodes if node.name in gone) and len(self.nodes) - len(gone) > 3:
            self.nodes = [_without(node, gone) for node in self.nodes if node.name not in gone]

    def resize(self) -> None:
        self._change(lambda node: {"size": self._random.randint(1, 9)}, ("object", "single", "component"))

    def move_place(self) -> None:
        self._change(lambda node: {"place": self._random.choice("abc")}, ("object", "single", "provider"))

    def rename(self) -> None:
        node = self._pick()
        if node is None or node.aliases:
            return
        self._count += 1
        new = f"n{self._count}"
        self._put(node.name, aliases=({"name": node.name},))
        self.nodes = [_renamed(each, node.name, new) for each in self.nodes]

    def reparent(self) -> None:
        """Move an object into another component; components stay where they are."""
        node = self._pick(OBJECTS)
        if node is None or node.aliases:
            return
        parent = self._some(self._before(node), "component")
        if parent != node.parent:
            edges = self._edges(self._before(node))
            self._put(node.name, parent=parent, aliases=({"parent": self._urn(node.parent)},), **edges)

    def rewire(self) -> None:
        """Give an object other edges."""
        if node := self._pick(OBJECTS):
            self._put(node.name, **self._edges(self._before(node)))

    def reorder(self) -> None:
        """Declare a node earlier, or later."""
        if not (node := self._pick()):
            return
        others = [each for each in self.nodes if each is not node]
        names = [each.name for each in others]
        first = max((names.index(name) + 1 for name in node.needs), default=0)
        last = min((index for index, each in enumerate(others) if node.name in each.needs), default=len(others))
        others.insert(self._random.randint(first, last), node)
        self.nodes = others

    def toggle(self) -> None:
        """Set or clear an option."""
        choices: dict[str, tuple[Any, ...]] = {
            "protect": (True, False, False),
            "retain_on_delete": (True, False, False),
            "delete_before_replace": (True, False, None),
            "ignore_changes": (("size",), ("place",), ()),
            "replace_on_changes": (("size",), ()),
            "additional_secret_outputs": (("tag",), ()),
            "timeout": ("5m", None),
        }
        option = self._random.choice(list(choices))
        self._change(lambda node: {option: self._random.choice(choices[option])}, OBJECTS)

    def _edges(self, before: list[Node]) -> dict[str, Any]:
        objects = [node.name for node in before if node.kind in OBJECTS]
        chosen = self._random.sample(objects, min(len(objects), self._random.randint(0, MOST_REFERENCES)))
        keys = [self._random.choice(("link", "link", "bind")) + str(number) for number in range(len(chosen))]
        references = dict(zip(keys, chosen, strict=True))
        within = None
        lasting = [node.name for node in before if node.kind in OBJECTS and not node.retain_on_delete]
        if lasting and self._random.random() < 0.1:
            within = references["within"] = self._random.choice(lasting)
        others = [node.name for node in before if node.kind != "provider"]
        after = self._random.sample(others, min(len(others), self._random.choice((0, 0, 1, 2))))
        return {"references": references, "deleted_with": within, "depends_on": tuple(after)}

    def _change(self, change: Any, kinds: tuple[str, ...]) -> None:
        if node := self._pick(kinds):
            self._put(node.name, **change(node))

    def _pick(self, kinds: tuple[str, ...] = ()) -> Node | None:
        candidates = [node for node in self.nodes if not kinds or node.kind in kinds]
        return self._random.choice(candidates) if candidates else None

    def _some(self, nodes: list[Node], kind: str) -> str | None:
        names = [node.name for node in nodes if node.kind == kind]
        return self._random.choice(names) if names and self._random.random() < 0.5 else None

    def _urn(self, name: str | None) -> str:
        """The URN of a component; of the stack, if there is none."""
        if name is None:
            return STACK
        node = next(node for node in self.nodes if node.name == name)
        chain = [COMPONENT for _ in [node, *self._ancestors(node)]]
        return f"urn:pulumi:dev::graph::{'$'.join(chain)}::{name}"

    def _ancestors(self, node: Node) -> list[str]:
        if node.parent is None:
            return []
        parent = next(each for each in self.nodes if each.name == node.parent)
        return [parent.name, *self._ancestors(parent)]

    def _before(self, node: Node) -> list[Node]:
        return self.nodes[: self.nodes.index(node)]

    def _put(self, name: str, **changes: Any) -> None:
        self.nodes = [replace(node, **changes) if node.name == name else node for node in self.nodes]


def _renamed(node: Node, old: str, new: str) -> Node:
    def name(each: Any) -> Any:
        return new if each == old else each

    return replace(
        node,
        name=name(node.name),
        parent=name(node.parent),
        provider=name(node.provider),
        deleted_with=name(node.deleted_with),
        depends_on=tuple(map(name, node.depends_on)),
        references={key: name(each) for key, each in node.references.items()},
    )


def _without(node: Node, gone: set[str]) -> Node:
    return replace(
        node,
        deleted_with=None if node.deleted_with in gone else node.deleted_with,
        depends_on=tuple(name for name in node.depends_on if name not in gone),
        references={key: name for key, name in node.references.items() if name not in gone},
    )
