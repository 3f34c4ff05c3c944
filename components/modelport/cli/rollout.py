from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .services import load_in_stack
from .workspace import Workspace

if TYPE_CHECKING:
    from modelport.spec import Environment, Loaded, Releases

KEY = "modelport:releases"


@dataclass
class Rollout:
    """The live versions of one service, as the stack file has them.

    Attributes:
        before: the stack file as it was before `save`.
    """

    workspace: Workspace
    service: Loaded
    environment: Environment
    before: str = ""

    @classmethod
    def find(cls, service: str, stack: str | None) -> Rollout:
        """The live versions of a service by its name.

        Raises:
            UsageError: there is no such service in the stack.
            ConfigError: everything that is wrong with the stack file, or else with the service.
        """
        from modelport.spec import did_you_mean

        workspace = Workspace.find(stack)
        loaded, environment = load_in_stack(workspace.service_file(service), workspace)
        if service not in environment.services:
            hint = did_you_mean(service, environment.services)
            raise UsageError(f"{workspace.stack_file}  modelport:services\n  {service} is not in this stack. {hint}")
        return cls(workspace, loaded, environment)

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.spec.metadata.name

    @property
    def place(self) -> str:
        """The entry of the stack file, as people name it."""
        from modelport.spec.problem import shown_path

        return f"{shown_path(self.workspace.stack_file)}  {KEY}.{self.name}"

    @property
    def releases(self) -> Releases:
        """The live versions; without an entry the service file's model."""
        from modelport.spec import Release, Releases

        own = Releases(stable=Release(source=self.service.spec.model.source))
        return self.environment.releases.get(self.name, own)

    @property
    def entry(self) -> dict[str, Any]:
        """The live versions as plain data, the way YAML writes them."""
        return self.releases.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)

    @property
    def mirror(self) -> int:
        """Share of requests, in percent, that the service wants copied to a candidate before its first step."""
        return self.service.spec.rollout.mirror

    @cached_property
    def text(self) -> str:
        """The stack file."""
        from .stack_file import read

        return read(self.workspace.stack_file)

    def next_step(self, weight: int) -> int | None:
        """The first of the service's steps that is more than `weight`, in percent."""
        return next((share for share in self.service.spec.rollout.steps if share > weight), None)

    @cached_property
    def weight_now(self) -> int | None:
        """Share of requests that the stack's outputs say the candidate has, in percent; None where they do not."""
        from modelport.errors import ModelportError
        from modelport_engine.errors import EngineError

        from .engines import choose

        try:
            made = choose("auto").outputs(self.workspace)["services"][self.name]["targets"].values()
            return min(sum(int(each["weight"]) for each in target["live"][1:]) for target in made)
        except (ModelportError, EngineError, LookupError, TypeError, ValueError):
            return None

    @property
    def can_go_ahead(self) -> bool:
        """Whether every target of the stack can change a candidate without waiting until it is ready."""
        from modelport.targets import load

        rows = (load(name).capabilities["releases.unwaited"] for name in self.environment.targets)
        return all(row.gives(0) for row in rows)

    def allows(self, weight: int) -> bool:
        """Whether every target of the stack gives the candidate such a share of the requests."""
        from modelport.plan import Refused

        live = self.releases.model_copy(update={"weight": weight})
        releases = {**self.environment.releases, self.name: live}
        try:
            replace(self, environment=self.environment.model_copy(update={"releases": releases})).plan()
        except Refused:
            return False
        return True

    def change(self, entry: dict[str, Any]) -> None:
        """Have other live versions from now on; `save` writes them.

        Raises:
            ConfigError: the stack file would be wrong.
            UsageError: its text is such that the entry cannot be changed alone.
        """
        from modelport.spec import Environment
        from modelport.spec.problem import shown_path
        from modelport.spec.yaml_file import parse

        from .stack_file import with_entry

        self.text = with_entry(self.text, ("config", KEY, self.name), entry)
        document = parse(self.text, shown_path(self.workspace.stack_file)).at("config")
        before = self.environment
        self.environment = Environment.from_document(document, stack=before.stack, project=before.project)
        after = self.environment.releases
        changed = {name for name in {**before.releases, **after} if before.releases.get(name) != after.get(name)}
        if self.entry != entry or changed - {self.name}:
            raise UsageError(f"{self.place}\n  cannot be changed alone. Write this there by hand:\n  {entry}")

    def plan(self) -> None:
        """Raise Refused with what a target of the stack will not do."""
        from modelport.plan import make_plan
        from modelport.targets import load

        for target in self.environment.targets:
            make_plan(self.service, self.environment, load(target))

    def save(self) -> None:
        """Write the stack file, whole or not at all."""
        from .stack_file import read, write

        self.before = read(self.workspace.stack_file)
        write(self.workspace.stack_file, self.text)

    def take_back(self) -> bool:
        """Undo `save`; False when somebody has changed the file since, which then stays."""
        from .stack_file import read, write

        if read(self.workspace.stack_file) != self.text:
            return False
        write(self.workspace.stack_file, self.before)
        return True
