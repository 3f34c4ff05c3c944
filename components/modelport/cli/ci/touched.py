"""Which stacks and services a change of files can be about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects import yaml
from modelport_engine.projects.project import Project

POLICIES = Path("policies")
IGNORED_NAMES = ("LICENSE", "Jenkinsfile")
SOURCE = "source"


@dataclass(frozen=True)
class Layout:
    """Where a revision of a project has what.

    Attributes:
        root: the project's folder.
        stacks: the config of each stack that has a file.
        services: the service files, by the name of the service.
    """

    root: Path
    project: Project
    stacks: Mapping[str, Mapping[str, Any]]
    services: Mapping[str, Path]

    @classmethod
    def of(cls, root: Path) -> Layout:
        """What is in a folder; a file that is no YAML counts as empty: whoever plans it says what is wrong with it.

        Raises:
            ProjectError: there is no project in it.
        """
        project = Project.load(root)
        stacks = {name: _mapping(_read(project.stack_file(name)).get("config")) for name in project.stack_files()}
        files = (project.folder / "services").glob("*.yaml")
        return cls(project.root, project, stacks, {file.stem: file for file in sorted(files)})

    def stack_files(self) -> Mapping[Path, str]:
        """The stack files, from the project's folder."""
        return {self.project.stack_file(name).relative_to(self.root): name for name in self.stacks}

    def service_files(self) -> Mapping[Path, str]:
        """The service files, from the project's folder."""
        return {file.relative_to(self.root): name for name, file in self.services.items()}

    def models(self) -> Iterator[tuple[Path, str]]:
        """The files and folders of models, from the project's folder, each with a service that has it."""
        released = [_mapping(config.get("modelport:releases")) for config in self.stacks.values()]
        for name, file in self.services.items():
            for source in _sources([_read(file), *(each.get(name) for each in released)]):
                path = (file.parent / source).resolve()
                if "://" not in source and path.is_relative_to(self.root):
                    yield path.relative_to(self.root), name

    def shares_pools(self, stack: str) -> bool:
        """Whether what one service of a stack gets depends on the others."""
        return bool(self.stacks.get(stack, {}).get("modelport:gpuPools"))

    def services_of(self, stack: str) -> set[str]:
        """The services that a stack has."""
        listed = self.stacks.get(stack, {}).get("modelport:services")
        return {str(name) for name in listed} if isinstance(listed, list) else set()


@dataclass(frozen=True)
class Touched:
    """What changed files can be about.

    Attributes:
        program: files by which anything may change, such as the program itself.
        stacks: those whose own file has changed.
        services: those whose file, or a model of theirs, has changed.
        policies: files by which stacks are judged.
    """

    program: tuple[Path, ...] = ()
    stacks: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    policies: tuple[Path, ...] = ()


def touched(changed: Iterable[Path], base: Layout, head: Layout) -> Touched:
    """Sort changed files, given from the project's folder, by what they are about."""
    stacks, services, policies, others = set(), set(), [], []
    of_stacks = {**base.stack_files(), **head.stack_files()}
    of_services = {**base.service_files(), **head.service_files()}
    for path in changed:
        if path in of_stacks:
            stacks.add(of_stacks[path])
        elif path in of_services:
            services.add(of_services[path])
        elif path.is_relative_to(POLICIES):
            policies.append(path)
        elif not _is_prose(path):
            others.append(path)
    models = {*base.models(), *head.models()} if others else ()
    owners = {path: {name for model, name in models if path.is_relative_to(model)} for path in others}
    program = [path for path in others if not owners[path]]
    return Touched(tuple(program), frozenset(stacks), frozenset(services).union(*owners.values()), tuple(policies))


def plans(found: Touched, base: Layout, head: Layout, whole: Collection[str] = ()) -> dict[str, frozenset[str] | None]:
    """The stacks to plan, each with the services that it is enough to plan; None plans all, as for the `whole` ones."""
    if found.program:
        return dict.fromkeys(dict.fromkeys([*base.stacks, *head.stacks]))
    wanted: dict[str, frozenset[str] | None] = {}
    for stack in dict.fromkeys([*base.stacks, *head.stacks]):
        concerned = found.services & (base.services_of(stack) | head.services_of(stack))
        if stack in found.stacks:
            wanted[stack] = None
        elif concerned:
            apart = not (stack in whole or base.shares_pools(stack) or head.shares_pools(stack))
            wanted[stack] = concerned if apart else None
    return wanted


def _is_prose(path: Path) -> bool:
    """Whether no program reads it: documentation, and what is about the repository."""
    return path.suffix == ".md" or path.parts[0].startswith(".") or path.name in IGNORED_NAMES


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return _mapping(yaml.load(file))
    except (EngineError, OSError):
        return {}


def _sources(value: Any) -> Iterator[str]:
    """Every `source` in a structure."""
    if isinstance(value, Mapping):
        if isinstance(value.get(SOURCE), str):
            yield value[SOURCE]
        for each in value.values():
            yield from _sources(each)
    elif isinstance(value, list):
        for each in value:
            yield from _sources(each)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
