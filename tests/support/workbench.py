"""A project of tests/engine/projects in a folder of its own, with a provider whose cloud and calls are files."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.nurseries import lent

from modelport_engine import deployment
from modelport_engine.deployment import Options, Result
from modelport_engine.projects.project import Project
from modelport_engine.projects.stack_config import set_value
from modelport_engine.state.secrets import Secrets

PROJECTS = Path(__file__).parent.parent / "engine" / "projects"
PASSPHRASE = "x"


class Workbench:
    def __init__(self, folder: Path, project: str):
        shutil.copytree(PROJECTS, folder / "projects")
        self.folder = folder / "projects" / project
        self.cloud_file, self.calls_file = folder / "cloud.json", folder / "calls.jsonl"
        self.state_file = folder / f"state/.pulumi/stacks/{project}/dev.json"
        self.events: list[dict[str, Any]] = []
        self._name = project
        (folder / "state").mkdir()
        self.env: Mapping[str, str] = {
            **os.environ,
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "SIM_CLOUD": str(self.cloud_file),
            "SIM_CALLS": str(self.calls_file),
        }
        (self.folder / "Pulumi.dev.yaml").write_text("config: {}\n")

    def configure(self, secret_keys: Sequence[str] = (), **values: str) -> None:
        for key, value in values.items():
            secrets = Secrets(PASSPHRASE) if key in secret_keys else None
            set_value(self.folder / "Pulumi.dev.yaml", f"{self._name}:{key}", value, secrets)

    def put_state(self, latest: Mapping[str, Any], project: str = "") -> None:
        """Give the stack `dev` of this project, or of another one, a state."""
        project = project or self._name
        file = self.state_file.parents[1] / project / "dev.json"
        file.parent.mkdir(parents=True)
        checkpoint = {"stack": f"organization/{project}/dev", "latest": latest}
        file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))

    def put_outputs(self, project: str, **outputs: Any) -> None:
        """Give the stack `dev` of a project outputs, unless it has a state."""
        if project != self._name:
            kind = "pulumi:pulumi:Stack"
            urn = f"urn:pulumi:dev::{project}::{kind}::{project}-dev"
            self.put_state({"resources": [{"urn": urn, "custom": False, "type": kind, "outputs": outputs}]}, project)

    def run(self, command: str, **options: Any) -> Result:
        self.events.clear()
        self.calls_file.unlink(missing_ok=True)
        perform, asked = getattr(deployment, command), Options(**{"nursery": lent(), **options})
        return perform(Project.load(self.folder), "dev", asked, on_event=self.events.append, env=self.env)

    @property
    def state(self) -> dict[str, Any]:
        return json.loads(self.state_file.read_text())["checkpoint"]["latest"]

    @property
    def cloud(self) -> dict[str, Any]:
        return json.loads(self.cloud_file.read_text())

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    def errors(self) -> str:
        return "".join(each["message"] for each in self.bodies("diagnosticEvent") if each["severity"] == "error")

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        return [event[kind] for event in self.events if kind in event]

    def steps(self) -> list[tuple[str, str]]:
        done = [body["metadata"] for body in self.bodies("resOutputsEvent")]
        return [(each["op"], each["urn"].rpartition("::")[2]) for each in done]
