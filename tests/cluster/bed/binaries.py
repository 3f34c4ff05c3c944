"""What the cluster runs: programs compiled from pinned Go modules, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from . import BedError
from .locks import locked

TOOLS = Path(__file__).parent / "tools"
CONTAINERD = "github.com/containerd/containerd/v2/cmd"
# Each program's module, a folder below TOOLS, and its package. Modules are few, as each compiles its dependencies anew.
CONTROL_PLANE = {
    "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kwok": ("kubernetes", "sigs.k8s.io/kwok/cmd/kwok"),
    "metrics-server": ("kubernetes", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
}
REAL_NODE = {
    "kubelet": ("kubernetes", "k8s.io/kubernetes/cmd/kubelet"),
    "kube-proxy": ("kubernetes", "k8s.io/kubernetes/cmd/kube-proxy"),
    "containerd": ("containerd", f"{CONTAINERD}/containerd"),
    "containerd-shim-runc-v2": ("containerd", f"{CONTAINERD}/containerd-shim-runc-v2"),
    "ctr": ("containerd", f"{CONTAINERD}/ctr"),
    "coredns": ("kubernetes", "./coredns"),
    "pause": ("images", "./pause"),
    "web": ("images", "./web"),
}
PROGRAMS = CONTROL_PLANE | REAL_NODE


def binary(name: str) -> Path:
    """Where a program is: in the folder KUBEBUILDER_ASSETS, if it is there, or else in the cache."""
    given = Path(os.environ.get("KUBEBUILDER_ASSETS", ""), name)
    return given if given.is_absolute() and given.is_file() else cache(PROGRAMS[name][0]) / name


def cache(module: str) -> Path:
    """The folder of what comes from a module: another one whenever its pins or sources change."""
    files = [TOOLS / module / "go.mod", TOOLS / module / "go.sum", *sorted((TOOLS / module).rglob("*.go"))]
    pins = b"".join(file.read_bytes() for file in files if file.exists())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "test-cluster" / hashlib.sha256(pins).hexdigest()[:12]


def missing(names: Iterable[str]) -> list[str]:
    """The programs that have to be built first."""
    return [name for name in names if not binary(name).exists()]


def build(names: Iterable[str]) -> None:
    """Compile what is missing; whoever else is building is waited for.

    Raises:
        BedError: there is no Go, or it fails.
    """
    for name in missing(names):
        target = binary(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent / "lock"):
            if not target.exists():
                print(f"building {name}", file=sys.stderr, flush=True)
                _compile(*PROGRAMS[name], target)


def go(*words: str | Path, module: str) -> str:
    """What a go command prints that runs in a module's folder."""
    if not shutil.which("go"):
        raise BedError("The test cluster is compiled, and there is no go on PATH.\n  Install Go 1.26 or newer.")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(["go", *words], cwd=TOOLS / module, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BedError(
            f"go {words[0]} in {TOOLS / module} ended with {done.returncode}:\n  {done.stderr.strip()[-2000:]}"
        )
    return done.stdout


def _compile(module: str, package: str, target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")  # a build that is cut short leaves no half program
    partial.unlink(missing_ok=True)
    options = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {_version()}"]
    go("build", *options, "-o", partial, package, module=module)
    partial.rename(target)


def _version() -> str:
    """What Kubernetes has to be told, or it takes itself for v0.0.0-master, over which clients stumble."""
    pins = (TOOLS / "kubernetes" / "go.mod").read_text()
    found = re.search(r"k8s\.io/kubernetes (v1\.(\d+)\.\d+)", pins)
    assert found, "the go.mod pins Kubernetes"
    stamp = {"gitVersion": found[1], "gitMajor": "1", "gitMinor": found[2]}
    return " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamp.items())
