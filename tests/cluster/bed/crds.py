"""The custom resource definitions of Gateway API, the Prometheus operator, KEDA and cert-manager, from Go modules."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

from .api import Api
from .binaries import cache, go
from .locks import locked
from .waiting import until

VERSION, KIND = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
# Where each module of tools/crds/go.mod has them.
FOLDERS = {
    "sigs.k8s.io/gateway-api": "config/crd/standard",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd",
    "github.com/kedacore/keda/v2": "config/crd/bases",
    "github.com/cert-manager/cert-manager": "deploy/crds",
}
# What operators are themselves set up with, and nobody writes who serves models: most of all bytes, and of the time.
LEFT_OUT = (
    "alertmanagers",
    "challenges",
    "prometheusagents",
    "prometheuses",
    "scaledjobs",
    "scrapeconfigs",
    "thanosrulers",
)


def fetch() -> Path:
    """A folder of the cache with a file for each definition.

    Raises:
        BedError: Go cannot get a module, or it is not the one of go.sum.
    """
    folder = cache("crds") / "crds"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent / "lock"):
        if not folder.exists():
            print("fetching the CRDs", file=sys.stderr, flush=True)
            partial = folder.with_name("partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for source in _sources():
                shutil.copyfile(source, partial / source.name)
            partial.rename(folder)
    return folder


def install(api: Api) -> list[str]:
    """Apply the definitions and wait until they are in force; gives their names."""
    names = []
    for file in sorted(fetch().iterdir()):
        if file.stem.partition("_")[2] in LEFT_OUT:
            continue
        text = file.read_text()
        found = re.search(r"^metadata:\n(?:  .*\n)*?  name: (\S+)$", text, re.MULTILINE)
        assert found, f"{file} has a name"
        api.apply_yaml(VERSION, KIND, found[1], text)
        names.append(found[1])
    for name in names:
        until(lambda name=name: established(api, name))
    return names


def established(api: Api, name: str) -> bool:
    """Whether the server serves what a definition defines."""
    conditions = api.get(VERSION, KIND, name)["status"].get("conditions", [])
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _sources() -> list[Path]:
    """The files of the pinned modules that hold one definition each."""
    printed = go("mod", "download", "-json", module="crds")  # an object after the other
    objects = json.loads("[" + printed.replace("}\n{", "},{") + "]")
    modules = {each["Path"]: Path(each["Dir"]) for each in objects}
    files = [file for path, folder in FOLDERS.items() for file in sorted((modules[path] / folder).glob("*.yaml"))]
    return [file for file in files if f"\nkind: {KIND}\n" in file.read_text()]
