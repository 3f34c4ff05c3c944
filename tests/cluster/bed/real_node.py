"""A node that really runs containers, added to a cluster.

It needs root and Debian's runc, containernetworking-plugins, iproute2 and nftables. Cgroups may be of version 1 or 2.
There is no registry: a pod's image must have been loaded, and be named by its digest.

The node shares the host's network: the host reaches pods and cluster IPs, pods reach each other, Services and DNS, but
not the API server, which listens on loopback only. NetworkPolicies are not enforced. The node is tainted, so that only
pods made for it land here: they have PLACEMENT.

A machine has one such node, as its addresses and its bridge are fixed. Whose it is stands in MACHINE.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import BedError, binaries, node_files, nodes
from .api import ApiError
from .binaries import binary
from .certificates import CLIENT, SERVER
from .control_plane import ControlPlane
from .images import image_digest, image_of
from .locks import locked
from .node_files import ADDRESS, BRIDGE, NAME, PAUSE_IMAGE, PLUGINS, SUBNET
from .processes import Processes

PLACEMENT = {"nodeSelector": {"test/real": "true"}, "tolerations": [{"key": "test/real", "operator": "Exists"}]}
MACHINE = Path("/run/test-cluster-node")
OWNER, SETTINGS = MACHINE / "owner", MACHINE / "settings.json"
PROGRAMS = ("runc", "ip", "nft", "unshare", "nsenter")
# The host's settings that the kubelet and the bridge change; `stop` puts them back.
CHANGED = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
# Process 1 of the node. With file systems of its own over these folders, it leaves nothing in them.
INIT = """
for folder in /run/containerd /var/lib/cni /var/lib/kubelet /var/log/containers; do
    mkdir -p $folder && mount -t tmpfs tmpfs $folder || exit
done
"$@" & wait
"""


def lacking() -> list[str]:
    """What this machine lacks for a real node."""
    programs = [name for name in PROGRAMS if not shutil.which(name)]
    plugins = [] if (PLUGINS / "bridge").exists() else ["containernetworking-plugins"]
    return [*([] if os.geteuid() == 0 else ["root"]), *programs, *plugins]


@contextmanager
def real_node(cluster: ControlPlane) -> Iterator[RealNode]:
    """The machine's real node in a cluster, while nobody else has it. It stays up for who comes next.

    Raises:
        BedError: it cannot be started.
    """
    if absent := lacking():
        raise BedError(f"This machine lacks {', '.join(absent)}.\n  A real node needs root and: {' '.join(PROGRAMS)}")
    MACHINE.mkdir(mode=0o700, exist_ok=True)
    with locked(MACHINE / "lock"):
        node = RealNode(cluster)
        if not node.up():
            node.start()
        yield node


def release(cluster: ControlPlane) -> None:
    """Stop the machine's real node, if it is this cluster's."""
    if _owner() == cluster.folder:
        with locked(MACHINE / "lock"):
            RealNode(cluster).stop()


class RealNode:
    """The real node of a cluster, in the hands of who holds the machine's lock."""

    def __init__(self, cluster: ControlPlane):
        self._cluster = cluster
        self._folder = cluster.folder / "node"
        self._processes = Processes(MACHINE)

    def up(self) -> bool:
        """Whether it runs, and in this cluster."""
        return _owner() == self._cluster.folder and "kubelet" in self._processes.running()

    def start(self) -> None:
        """Start it in place of the machine's last one.

        Raises:
            BedError: a program is not built yet, or fails.
        """
        if absent := binaries.missing(binaries.REAL_NODE):
            raise BedError(f"Not built yet: {', '.join(absent)}.\n  Build it: make test-cluster")
        _clear()
        (self._folder / "cni").mkdir(mode=0o700, parents=True)
        SETTINGS.write_text(json.dumps({name: Path("/proc/sys", name).read_text() for name in CHANGED}))
        OWNER.write_text(str(self._cluster.folder))
        try:
            self._start()
        except BaseException:
            _clear()
            raise

    def load(self, image: Path | bytes, name: str) -> str:
        """Give it an image.

        Args:
            image: an OCI layout: a folder as `make image` writes it, or an archive as docker's and podman's
                `save` (with `--format oci-archive`) do.
            name: the repository that it is to be from, such as registry.test/model.

        Returns:
            The image's name by its digest, for pods.
        """
        with tempfile.TemporaryFile() as file:
            if isinstance(image, Path) and image.is_dir():
                with tarfile.open(fileobj=file, mode="w") as tar:
                    tar.add(image, arcname="")
            else:
                file.write(image if isinstance(image, bytes) else image.read_bytes())
            file.seek(0)
            by_digest = f"{name}@{image_digest(file)}"
            file.seek(0)
            self.ctr("images", "import", "--base-name", name, "--digests", "-", stdin=file)
        return by_digest

    def ctr(self, *words: str, **more) -> str:
        """What containerd's client prints.

        Raises:
            BedError: with what it said.
        """
        command = [*self._inside(), binary("ctr"), "--namespace", "k8s.io", *words]
        done = subprocess.run(command, capture_output=True, text=True, **more)
        if done.returncode:
            raise BedError(f"ctr {' '.join(words)} ended with {done.returncode}:\n  {done.stderr.strip()}")
        return done.stdout

    def stop(self) -> None:
        """Stop it and clear up, if it is this cluster's."""
        if _owner() == self._cluster.folder:
            _clear()

    def _start(self) -> None:
        start, wait = self._processes.start, self._processes.wait
        kubeconfigs = self._identify()
        self._make_bridge()
        start("containerd", self._containerd())
        wait("containerd", self._containerd_answers)
        pause = self.load(image_of(binary("pause")), PAUSE_IMAGE.partition(":")[0])
        self.ctr("images", "tag", pause, PAUSE_IMAGE)
        with contextlib.suppress(ApiError):  # one that was here before must not be taken for the new one
            self._cluster.api.delete("v1", "Node", NAME)
        start("kubelet", self._kubelet(kubeconfigs["kubelet"]))
        proxy = self._write("kube-proxy.json", node_files.kube_proxy(kubeconfigs["kube-proxy"]))
        start("kube-proxy", [binary("kube-proxy"), f"--config={proxy}"])
        corefile = self._write("Corefile", node_files.coredns(kubeconfigs["coredns"]))
        start("coredns", [binary("coredns"), "-conf", corefile])
        wait("kube-proxy", lambda: _answers(f"http://{ADDRESS}:10256/healthz"))
        wait("coredns", lambda: _answers(f"http://{ADDRESS}:8181/ready"))
        wait("the node", lambda: NAME in nodes.ready(self._cluster.api.list("v1", "Node")))

    def _identify(self) -> dict[str, Path]:
        """The kubeconfigs of the node's programs."""
        cluster, account = self._cluster, f"system:node:{NAME}"
        kubelet = cluster.issue("kubelet", account, "system:nodes")
        cluster.authority.issue("kubelet-server", account, usages=(SERVER, CLIENT), addresses=(ADDRESS,))
        proxy = cluster.issue("kube-proxy", "system:kube-proxy")
        return {
            "kubelet": kubelet,
            "kube-proxy": proxy,
            "coredns": cluster.issue("coredns", "coredns", "system:masters"),
        }

    def _make_bridge(self) -> None:
        """CNI would make it for the first pod; the node's address must be there before."""
        address = f"{ADDRESS}/{SUBNET.partition('/')[2]}"
        for words in (f"link add {BRIDGE} type bridge", f"addr add {address} dev {BRIDGE}", f"link set {BRIDGE} up"):
            subprocess.run(["ip", *words.split()], check=True)

    def _containerd(self) -> list[str | Path]:
        """In namespaces of its own, so that all containers end with process 1, and all mounts go with it."""
        config = self._write("containerd.toml", node_files.containerd(self._folder))
        self._write("cni/10-pods.conflist", node_files.cni())
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        return [*namespaces, "sh", "-c", INIT, "sh", binary("containerd"), "--config", config]

    def _kubelet(self, kubeconfig: Path) -> list[str | Path]:
        config = self._write("kubelet.json", node_files.kubelet(self._folder, self._cluster.folder / "pki"))
        return [
            *self._inside(),
            binary("kubelet"),
            f"--config={config}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={self._folder}/kubelet",
            f"--hostname-override={NAME}",
            f"--node-ip={ADDRESS}",
            "--node-labels=test/real=true",
        ]

    def _containerd_answers(self) -> bool:
        with contextlib.suppress(BedError):
            return bool(self.ctr("version"))
        return False

    def _inside(self) -> list[str | Path]:
        """The start of a command that runs in the node's mount and process namespaces."""
        init = self._processes.running().get("containerd")
        if init is None:
            raise BedError("The real node is not running.")
        return ["nsenter", f"--mount=/proc/{init}/ns/mnt", f"--pid=/proc/{init}/ns/pid_for_children"]

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path


def _owner() -> Path | None:
    """The folder of the cluster whose real node this machine has."""
    try:
        return Path(OWNER.read_text())
    except OSError:
        return None


def _clear() -> None:
    """Stop the machine's real node, whosever it is, and take away what it leaves."""
    processes = Processes(MACHINE)
    if init := processes.running().get("containerd"):
        # unshare ignores SIGTERM; with its child, process 1, the whole namespace ends
        for child in Path(f"/proc/{init}/task/{init}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
    processes.stop()
    if SETTINGS.exists():
        for name, value in json.loads(SETTINGS.read_text()).items():
            Path("/proc/sys", name).write_text(value)
        SETTINGS.unlink()
    tables = (f"nft delete table {family} kube-proxy" for family in ("ip", "ip6"))
    for command in (f"ip link delete {BRIDGE}", *tables):
        subprocess.run(command.split(), stderr=subprocess.DEVNULL)  # it may not be there
    cgroups = Path("/sys/fs/cgroup")
    for top in (cgroups / "kubepods", *cgroups.glob("*/kubepods")):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):  # a process in it is not quite gone
                Path(folder).rmdir()
    if owner := _owner():
        shutil.rmtree(owner / "node", ignore_errors=True)
        OWNER.unlink()


def _answers(url: str) -> bool:
    """Whether somebody does, by HTTP; a proxy is not for this machine's own addresses."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
        return True
