"""A Pulumi project: what its Pulumi.yaml says."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.projects import versions, yaml
from modelport_engine.state.snapshot import PULUMI_VERSION

FILES = ("Pulumi.yaml", "Pulumi.yml")


class ProjectError(EngineError):
    """There is no project, or its file is wrong."""

    exit_code = 2


@dataclass(frozen=True)
class Project:
    """A project. `root` is the folder of Pulumi.yaml; every path is absolute."""

    root: Path
    name: str
    python: Path
    folder: Path
    stack_config_folder: Path
    plugins: Mapping[str, Path] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    backend_url: str | None = None

    @classmethod
    def load(cls, cwd: Path) -> "Project":
        """The project of a folder or of the nearest one above it. Raises ProjectError."""
        file = _find(cwd.resolve())
        content = yaml.load(file)
        name = content.get("name")
        if not isinstance(name, str) or not name:
            raise ProjectError(f"{file}: a project needs a 'name'")
        runtime, options = _runtime(content.get("runtime"), file)
        if runtime != "python":
            raise ProjectError(
                f"{file}: runtime {runtime!r} is not supported, only 'python'. Use the `pulumi` CLI for it."
            )
        if demanded := content.get("requiredPulumiVersion"):
            versions.require(str(demanded), PULUMI_VERSION)
        root, config = file.parent, content.get("config") or {}
        # `config` was once what stackConfigDir is now.
        config_folder = content.get("stackConfigDir") or (config if isinstance(config, str) else "")
        return cls(
            root=root,
            name=name,
            python=_python(root, options),
            folder=root / (content.get("main") or "."),
            stack_config_folder=root / config_folder,
            plugins=_plugins(content, root),
            config={} if isinstance(config, str) else config,
            backend_url=(content.get("backend") or {}).get("url"),
        )

    def stack_file(self, stack: str) -> Path:
        """Where the config of a stack lies, whether it exists or not."""
        return self.stack_config_folder / f"Pulumi.{stack}.yaml"

    def stack_files(self) -> list[str]:
        """The names of the stacks that have a config file, sorted."""
        found = self.stack_config_folder.glob("Pulumi.*.yaml")
        return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in found)


def _find(cwd: Path) -> Path:
    for folder in (cwd, *cwd.parents):
        for name in FILES:
            if (folder / name).is_file():
                return folder / name
    raise ProjectError(
        f"no Pulumi.yaml project file found in {cwd} or a folder above it. Use --cwd to name the project."
    )


def _runtime(runtime: Any, file: Path) -> tuple[str, Mapping[str, Any]]:
    if isinstance(runtime, str):
        return runtime, {}
    if not isinstance(runtime, dict) or not runtime.get("name"):
        raise ProjectError(f"{file}: a project needs a 'runtime'")
    return runtime["name"], runtime.get("options") or {}


def _python(root: Path, options: Mapping[str, Any]) -> Path:
    if not (environment := options.get("virtualenv")):
        return Path(sys.executable)
    python: Path = root / environment / "bin" / "python"
    if not python.exists():
        raise ProjectError(
            f"the virtual environment {root / environment} has no bin/python. Run `pulumi install`, or create it."
        )
    return python


def _plugins(content: Mapping[str, Any], root: Path) -> dict[str, Path]:
    """Plugins that the project brings along: `plugins.providers`, and `packages` that are folders."""
    listed = (content.get("plugins") or {}).get("providers") or ()
    paths = {each["name"]: root / each["path"] for each in listed if "path" in each}
    for name, source in (content.get("packages") or {}).items():
        source = source.get("source", "") if isinstance(source, dict) else source
        if source.startswith((".", "/")):
            paths.setdefault(name, root / source)
    return {name: path.resolve() for name, path in paths.items()}
