"""Plugins: finding one for a package, starting it, and the connection to it. None is ever downloaded."""

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from ruamel.yaml import YAML

from modelport_engine.errors import EngineError
from modelport_engine.plugins.nursery import CHILDREN, Nursery
from modelport_engine.plugins.processes import Process, ProcessFailed
from modelport_engine.protocol.messages import sdk

START_SECONDS = 60.0
MESSAGE_BYTES = 400 * 1024 * 1024  # what Pulumi's own engine allows
METADATA_BYTES = 16 << 20  # an error carries the state of the resource that it is about
CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES),
    ("grpc.enable_http_proxy", 0),
]

OFFLINE = CHILDREN / "offline.py"

# Packages that the SDK itself serves.
SDK_MODULES = {"pulumi-python": "dynamic"}

# Packages that the engine itself serves where no plugin is installed: a folder, and the library that it needs.
BUILT_IN = {"kubernetes": (Path(__file__).parents[1] / "kubernetes", "kubernetes")}


class PluginMissing(EngineError):
    """No plugin for a package is installed; the message holds the command that installs it."""

    def __init__(self, package: str, version: str | None):
        pinned = f" v{version}" if version else ""
        own = (
            f", or what the engine's own needs with `pip install {BUILT_IN[package][1]}`" if package in BUILT_IN else ""
        )
        super().__init__(
            f"no resource plugin 'pulumi-resource-{package}'{pinned} was found "
            "in Pulumi.yaml, on PATH or in the plugin folder.\n"
            f"Install it with `pulumi plugin install resource {package}{pinned}`{own}."
        )
        self.package = package


class PluginFailed(EngineError):
    """A plugin broke off while it was working on a request; the message holds its last lines."""


@dataclass
class Plugin:
    """A running plugin and a channel to it.

    One that is `offline` stands in for it with what the SDK says; one that is `built_in` came with the engine.
    """

    name: str
    folder: Path
    process: Process
    channel: grpc.aio.Channel
    offline: bool = False
    built_in: bool = False

    async def call(self, method: Callable[..., Any], request: Any) -> Any:
        """One request; a plugin that died gives PluginFailed, anything else the plugin's own error."""
        try:
            return await method(request)
        except grpc.aio.AioRpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            code = await self.process.wait()
            raise PluginFailed(
                f"plugin {self.name} ended with exit code {code} during a request{self.process.last_words()}"
            ) from error

    async def stop(self) -> None:
        """End the plugin."""
        await self.channel.close()
        await self.process.stop()


@dataclass
class Plugins:
    """Starts the plugins of one project.

    They work in `folder`, where the program does. `paths` maps packages to the folders that Pulumi.yaml names, `engine`
    is the address that a plugin logs to, `on_line` receives what plugins write, with the plugin's name; `python` runs
    what the SDK itself brings along; `nursery` starts those of its interpreter. With `offline`, only what comes with
    the project and the SDK is started: it reaches no cloud.
    """

    folder: Path
    paths: Mapping[str, Path]
    engine: str
    on_line: Callable[[str, str], None]
    python: Path
    env: Mapping[str, str]
    nursery: Nursery | None = None
    offline: bool = False
    running: list[Plugin] = field(default_factory=list)

    async def start(self, package: str, version: str | None = None) -> Plugin:
        """Start a resource plugin; raises PluginMissing, or ProcessFailed with its last lines."""
        if package in SDK_MODULES:
            path = sdk / SDK_MODULES[package] / "__main__.py"
            return await self.launch(package, self.python, path, path.parent, [self.engine])
        if self.stands_in_for(package):
            plugin = await self.launch(package, self.python, OFFLINE, OFFLINE.parent, [])
            plugin.offline = True
            return plugin
        found = self.paths.get(package) or installed(package, version, self.env) or built_in(package)
        if found is None:
            raise PluginMissing(package, version)
        python, target = how_to_run(found, "PulumiPlugin.yaml", package)
        folder = found if found.is_dir() else found.parent
        plugin = await self.launch(package, python, target, folder, [self.engine])
        plugin.built_in = found == built_in(package)
        return plugin

    def stands_in_for(self, package: str) -> bool:
        """Whether a package is served from its SDK alone."""
        return self.offline and package not in self.paths and package not in SDK_MODULES

    async def launch(
        self,
        name: str,
        python: Path,
        target: Path,
        folder: Path,
        arguments: list[str],
        env: Mapping[str, str] | None = None,
    ) -> Plugin:
        """Run `target`, read its port, connect."""
        process = await Process.start(
            f"plugin {name}",
            python,
            [target, *arguments],
            cwd=self.folder,
            env={**self.env, **(env or {})},
            on_line=lambda line: self.on_line(name, line),
            nursery=self.nursery,
        )
        try:
            port = int(await process.first_line(START_SECONDS))
        except ValueError as error:
            await process.stop()
            raise ProcessFailed(f"plugin {name} should have written its port{process.last_words()}") from error
        except BaseException:
            await process.stop()
            raise
        plugin = Plugin(name, folder, process, grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS))
        self.running.append(plugin)
        return plugin

    async def end(self, plugin: Plugin) -> None:
        """End one of them."""
        self.running.remove(plugin)
        await plugin.stop()

    async def stop(self) -> None:
        """End every plugin that was started."""
        while self.running:
            await self.running.pop().stop()


def built_in(package: str) -> Path | None:
    """The engine's own plugin for a package, if what it needs is installed beside the engine."""
    folder, library = BUILT_IN.get(package, (None, ""))
    return folder if library and find_spec(library) else None


def how_to_run(path: Path, manifest_name: str, package: str = "") -> tuple[Path, Path]:
    """Interpreter and target of a plugin: a Python folder with a manifest, a folder with an executable, or that."""
    manifest = path / manifest_name
    if not path.is_dir():
        return Path(sys.executable), path
    if not manifest.exists():
        executable = path / f"pulumi-resource-{package}"
        if executable.exists():
            return Path(sys.executable), executable
        raise EngineError(
            f"{path}: neither {manifest_name} nor {executable.name} is there, so the engine cannot start this plugin."
        )
    runtime = YAML(typ="safe").load(manifest.read_text()).get("runtime")
    name, options = (runtime, {}) if isinstance(runtime, str) else (runtime["name"], runtime.get("options") or {})
    if name != "python":
        raise EngineError(
            f"{manifest}: runtime {name} is not supported by this engine; it runs python plugins and executables."
        )
    return interpreter(options.get("virtualenv"), path), path


def interpreter(virtualenv: str | None, base: Path) -> Path:
    """The Python of a virtual environment given relative to `base`; without one, the engine's own."""
    if not virtualenv:
        return Path(sys.executable)
    python = (base / virtualenv / "bin" / "python").absolute()
    if not python.exists():
        raise EngineError(
            f"{base}: the virtual environment {virtualenv} does not exist. "
            f"Create it with `python3 -m venv {base / virtualenv}`."
        )
    return python


def installed(package: str, version: str | None, env: Mapping[str, str]) -> Path | None:
    """The executable of an installed plugin: on PATH, then in the plugin folder (this version, else the newest)."""
    name = f"pulumi-resource-{package}"
    if found := shutil.which(name, path=env.get("PATH")):
        return Path(found)
    home = Path(env.get("PULUMI_HOME") or Path.home() / ".pulumi")
    folders = sorted((home / "plugins").glob(f"resource-{package}-v{version or '*'}/{name}"), key=_by_version)
    return folders[-1] if folders else None


def _by_version(executable: Path) -> list[int]:
    digits = "".join(c if c.isdigit() else " " for c in executable.parent.name.rpartition("-v")[2])
    return [int(part) for part in digits.split()]
