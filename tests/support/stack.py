"""A project folder with a stack `dev` on the embedded engine."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
from support.models import save, scaling
from support.nurseries import lent, mother

from modelport.providers.local.process import of_folder
from modelport_engine import deployment
from modelport_engine.projects.project import Project
from modelport_engine.projects.stack import Stack as EngineStack

FILES = {
    "Pulumi.yaml": "name: test\nruntime: python\nplugins: {providers: [{name: modelport, path: plugin}]}\n",
    "Pulumi.dev.yaml": "config: {'modelport:target': local, 'modelport:services': [fraud]}\n",
    "fraud.yaml": "metadata: {name: fraud}\nmodel: {source: model.onnx}\n",
    "plugin/PulumiPlugin.yaml": "runtime: python\n",
    "plugin/__main__.py": "from modelport.plugin import main\n\nmain()\n",
}


class Stack:
    """The stack, its program `program`, and the model `model.onnx`, multiplying by 2. Its servers end with the context.

    Attributes:
        errors: messages of the last command's error diagnostics.
        operations: what the last command did to each resource, by logical name.
    """

    def __init__(self, folder: Path, program: str):
        self.folder = folder
        mother()
        self.env = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "x",
        }
        (folder / "plugin").mkdir(parents=True)
        for name, text in {**FILES, "__main__.py": program}.items():
            (folder / name).write_text(text)
        self.train(2.0)
        self.errors: list[str] = []
        self.operations: dict[str, str] = {}

    def train(self, factor: float) -> None:
        """Put another model in the old one's place: it multiplies by `factor`."""
        save(scaling(factor), self.folder / "model.onnx")

    def preview(self):
        return self._run(deployment.preview)

    def up(self):
        return self._run(deployment.up)

    def refresh(self):
        return self._run(deployment.refresh)

    def destroy(self):
        return self._run(deployment.destroy)

    def unlock(self) -> None:
        """Remove the locks of runs that were killed."""
        EngineStack.open(Project.load(self.folder), "dev", self.env).remove_dead_locks()

    def processes(self, resource: str) -> list[psutil.Process]:
        """The processes of a server by its logical name."""
        return of_folder(self.folder / ".modelport" / "servers" / "dev" / resource)

    def __enter__(self) -> Stack:
        return self

    def __exit__(self, *_: object) -> None:
        servers = self.folder / ".modelport" / "servers" / "dev"
        processes = [process for folder in servers.glob("*") for process in of_folder(folder)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=30)

    def _run(self, command):
        self.errors.clear()
        self.operations.clear()
        options = deployment.Options(nursery=lent())
        return command(Project.load(self.folder), "dev", options, on_event=self._note, env=self.env)

    def _note(self, event):
        if diagnostic := event.get("diagnosticEvent"):
            if diagnostic["severity"] == "error":
                self.errors.append(diagnostic["message"])
        elif step := event.get("resourcePreEvent"):
            self.operations[step["metadata"]["urn"].rpartition("::")[2]] = step["metadata"]["op"]
