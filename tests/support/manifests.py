"""A project whose program registers objects of Kubernetes, run by the engine with its own provider."""

import json
from pathlib import Path
from typing import Any

from support.workbench import Workbench

TYPES = {"v1": "core/v1"}


class Manifests:
    """The project `manifests`; every run of it is against one cluster."""

    def __init__(self, folder: Path, kubeconfig: Path, namespace: str):
        self.bench = Workbench(folder, "manifests")
        self.bench.env = {**self.bench.env, "PULUMI_HOME": str(folder), "PATH": "/usr/bin:/bin"}
        self.namespace = namespace
        self.use(kubeconfig)

    def use(self, kubeconfig: Path, **settings: Any) -> None:
        """Run as the user of this kubeconfig, with these settings of the provider; the stack knows it by one name."""
        own = self.bench.folder / "kubeconfig"
        own.write_bytes(kubeconfig.read_bytes())
        settings = {"kubeconfig": own.name, "context": "test", "namespace": self.namespace, **settings}
        config = {f"kubernetes:{key}": value for key, value in settings.items()}
        (self.bench.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))

    def wants(self, **objects: dict[str, Any]) -> None:
        """What the program registers, by logical name: objects, or what `wanted` gives."""
        given = {name: item if "inputs" in item else wanted(item) for name, item in objects.items()}
        (self.bench.folder / "objects.json").write_text(json.dumps(given))

    def run(self, command: str, **options: Any) -> list[tuple[str, str]]:
        """Run to a good end; gives the steps that changed something, by logical name."""
        result = self.bench.run(command, **options)
        assert result.exit_code == 0, self.bench.errors()
        return self.changes()

    def fail(self, command: str, **options: Any) -> str:
        """Run to a bad end; gives the errors."""
        result = self.bench.run(command, **options)
        assert result.exit_code == 1, self.changes()
        return self.bench.errors()

    def up(self, *objects: Any, **named: dict[str, Any]) -> list[tuple[str, str]]:
        """Register these and no others."""
        self.wants(**named)
        return self.run("up", skip_preview=True)

    def changes(self) -> list[tuple[str, str]]:
        """The steps of the last run, not of its preview, that were more than `same`; of objects alone."""
        begun = max(index for index, event in enumerate(self.bench.events) if "preludeEvent" in event)
        done = [
            event["resOutputsEvent"]["metadata"] for event in self.bench.events[begun:] if "resOutputsEvent" in event
        ]
        return [
            (each["op"], each["urn"].rpartition("::")[2]) for each in done if each["op"] != "same" and _is_object(each)
        ]

    def resource(self, name: str) -> dict[str, Any]:
        """A resource in the state."""
        found = [each for each in self.bench.state["resources"] if each["urn"].endswith(f"::{name}")]
        assert len(found) == 1, found
        return found[0]

    def forget(self, name: str) -> None:
        """Take a resource out of the state, as if a run had been killed after it was made."""
        state = json.loads(self.bench.state_file.read_text())
        latest = state["checkpoint"]["latest"]
        latest["resources"] = [each for each in latest["resources"] if not each["urn"].endswith(f"::{name}")]
        self.bench.state_file.write_text(json.dumps(state))

    def live_name(self, name: str) -> str:
        """What an object is called in the cluster."""
        return self.resource(name)["outputs"]["metadata"]["name"]


def _is_object(step: dict[str, Any]) -> bool:
    return step["type"].startswith("kubernetes:")


def wanted(item: dict[str, Any], *, patch: bool = False, **options: Any) -> dict[str, Any]:
    """An object with options of the resource: `after`, `ignore`, `replace`, `seconds`, `secret`."""
    version = TYPES.get(item["apiVersion"], item["apiVersion"])
    return {"type": f"kubernetes:{version}:{item['kind']}{'Patch' if patch else ''}", "inputs": item, **options}
