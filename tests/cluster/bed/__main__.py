"""The test cluster, by hand: `python -m tests.cluster.bed --help`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil

from . import BedError, binaries, crds
from .control_plane import ControlPlane
from .nodes import GPUS, NODES, Node
from .real_node import lacking, real_node
from .shared import stop

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    options = _options()
    try:
        return options.act(options) or 0
    except (BedError, subprocess.CalledProcessError) as failure:
        print(failure, file=sys.stderr)
        return 1


def build(options: argparse.Namespace) -> None:
    """Compile what this machine can run, and fetch the CRDs."""
    absent = lacking()
    if absent:
        print(f"no real node here: {', '.join(absent)} missing", file=sys.stderr)
    binaries.build(binaries.CONTROL_PLANE if absent else binaries.PROGRAMS)
    crds.fetch()


def up(options: argparse.Namespace) -> None:
    """Start a cluster; print the administrator's kubeconfig."""
    binaries.build(binaries.PROGRAMS if options.real_node else binaries.CONTROL_PLANE)
    began = time.monotonic()
    cluster = ControlPlane.start(options.dir, options.nodes)
    if options.crds:
        crds.install(cluster.api)
    if options.real_node:
        with real_node(cluster):
            pass
    print(f"ready in {time.monotonic() - began:.1f} s", file=sys.stderr)
    print(cluster.kubeconfig)


def load(options: argparse.Namespace) -> None:
    """Give the real node an image, an OCI layout or its archive; print the name by which pods get it."""
    with real_node(ControlPlane(options.dir)) as node:
        print(node.load(options.image, options.name))


def status(options: argparse.Namespace) -> int:
    """List the processes; exit status 1 if one is missing."""
    running = ControlPlane(options.dir).processes.running()
    for name, pid in running.items():
        print(f"{name:<25} pid {pid:<8} {psutil.Process(pid).memory_info().rss >> 20:>5} MiB")
    missing = [name for name in binaries.CONTROL_PLANE if name not in running]
    if missing:
        print("not running:", ", ".join(missing))
    return 1 if missing else 0


def kubeconfig(options: argparse.Namespace) -> None:
    """Print the path of the administrator's kubeconfig."""
    print(ControlPlane(options.dir).kubeconfig)


def down(options: argparse.Namespace) -> None:
    """Stop the cluster and its real node."""
    stop(ControlPlane(options.dir))
    shutil.rmtree(options.dir, ignore_errors=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.bed", description="A Kubernetes cluster for tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for act in (build, up, load, status, kubeconfig, down):
        command = commands.add_parser(act.__name__, help=act.__doc__, description=act.__doc__)
        command.set_defaults(act=act)
        if act is not build:
            command.add_argument("--dir", type=Path, default=ROOT / ".cluster" / "hand", help="where its state is")
        if act is up:
            pools = f"number of nodes by GPU, which is cpu or one of {', '.join(GPUS)}"
            command.add_argument("--nodes", type=_nodes, default=NODES, metavar="cpu=2,nvidia-l4=1", help=pools)
            command.add_argument("--crds", action="store_true", help="with the custom resource definitions")
            command.add_argument("--real-node", action="store_true", help="with a node that runs containers (root)")
        if act is load:
            command.add_argument("image", type=Path)
            command.add_argument("name", help="the repository that it is from, such as registry.test/model")
    return parser.parse_args()


def _nodes(text: str) -> list[Node]:
    """The nodes of `cpu=2,nvidia-l4=1`."""
    pools = [pool.partition("=") for pool in text.split(",")]
    for kind, _, count in pools:
        if kind not in ("cpu", *GPUS) or not count.isdecimal():
            raise argparse.ArgumentTypeError(f"{kind}={count}: a pool is KIND=COUNT; kinds: cpu, {', '.join(GPUS)}")
    return [
        Node(f"{kind.removeprefix('nvidia-')}-{index}", None if kind == "cpu" else kind)
        for kind, _, count in pools
        for index in range(int(count))
    ]


if __name__ == "__main__":
    raise SystemExit(main())
