"""A control plane and its simulated nodes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from . import BedError, binaries, nodes
from .api import Api
from .certificates import SERVER, Authority
from .flags import Flags
from .kubeconfigs import holder, write_kubeconfig
from .nodes import NODES, Node
from .ports import free_ports
from .processes import Processes

# The holder of each client certificate: user and group.
IDENTITIES = {
    "admin": ("kubernetes-admin", "system:masters"),
    "kube-apiserver": ("kube-apiserver", "system:masters"),  # towards kubelets
    "front-proxy": ("front-proxy", ""),  # the API server, towards metrics-server
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kwok": ("kwok", "system:masters"),
    "metrics-server": ("metrics-server", "system:masters"),
}
PORTS = ("etcd", "peer", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "metrics-server")
METRICS = {"namespace": "kube-system", "name": "metrics-server"}


class ControlPlane:
    """The cluster whose state is in a folder. Those of different folders run side by side.

    Attributes:
        kubeconfig: the administrator's, while the cluster runs.
    """

    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.processes = Processes(self.folder)
        self.authority = Authority(self.folder / "pki")

    @cached_property
    def server(self) -> str:
        """The address of the API server."""
        return json.loads(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]

    @cached_property
    def api(self) -> Api:
        """The API server, asked as the administrator."""
        return Api(self.kubeconfig)

    @classmethod
    def start(cls, folder: Path, simulated: Iterable[Node] = NODES) -> ControlPlane:
        """Start an empty cluster; what an earlier one in the folder left is lost.

        Raises:
            BedError: it runs, a program is not built yet, or one fails.
        """
        cluster = cls(folder)
        if running := cluster.processes.running():
            raise BedError(
                f"The cluster in {folder} runs already: {', '.join(running)}.\n  Stop it first, with `down`."
            )
        if absent := binaries.missing(binaries.CONTROL_PLANE):
            raise BedError(f"Not built yet: {', '.join(absent)}.\n  Build it: make test-cluster")
        shutil.rmtree(cluster.folder, ignore_errors=True)
        (cluster.folder / "pki").mkdir(mode=0o700, parents=True)
        try:
            cluster._start(list(simulated))
        except BaseException:  # Ctrl-C too: half a cluster is of no use
            cluster.stop()
            raise
        return cluster

    def stop(self) -> None:
        """Stop its processes and forget its objects; the logs stay."""
        self.processes.stop()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def issue(self, name: str, user: str, group: str = "") -> Path:
        """The kubeconfig of a user with a certificate; rights are RBAC's to give."""
        self.authority.issue(name, user, group)
        return self._write(name, self.server)

    def _start(self, simulated: list[Node]) -> None:
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._identify(f"https://127.0.0.1:{ports['kube-apiserver']}")
        flags, start, wait = Flags(self.folder, ports), self.processes.start, self.processes.wait
        start("etcd", flags.etcd())
        start("kube-apiserver", flags.api_server())
        wait("kube-apiserver", lambda: self.api.ready("/readyz"))
        start("kube-controller-manager", flags.controller_manager())
        start("kube-scheduler", flags.scheduler())
        start("kwok", flags.kwok())
        start("metrics-server", flags.metrics_server())
        for node in simulated:
            self.api.create(node.manifest())
        self._register_metrics(ports["metrics-server"])
        for name in ("kube-controller-manager", "kube-scheduler"):
            health = Api(self.kubeconfig, f"https://127.0.0.1:{ports[name]}")
            wait(name, lambda health=health: health.ready("/healthz"))
        names = {node.name for node in simulated}
        wait("the nodes", lambda: names <= nodes.ready(self.api.list("v1", "Node")))
        # The controllers make it; no pod is admitted before.
        wait("the default account", lambda: self.api.ready("/api/v1/namespaces/default/serviceaccounts/default"))

    def _identify(self, server: str) -> None:
        """Give everybody a certificate and a kubeconfig."""
        self.authority.create()
        self.authority.issue("server", "server", usages=(SERVER,), addresses=("127.0.0.1",))
        self.authority.issue("service-account", "service-account")
        for name, (user, group) in IDENTITIES.items():
            self.authority.issue(name, user, group)
            self._write(name, server)

    def _write(self, name: str, server: str) -> Path:
        pki = self.folder / "pki"
        return write_kubeconfig(self.folder / f"{name}.kubeconfig", server, pki / "ca.crt", holder(pki, name))

    def _register_metrics(self, port: int) -> None:
        """Have the API server pass /apis/metrics.k8s.io on to metrics-server."""
        by_name = {"type": "ExternalName", "externalName": "localhost"}  # an endpoint must not be a loopback address
        self.api.create({"apiVersion": "v1", "kind": "Service", "metadata": METRICS, "spec": by_name})
        spec = {
            "group": "metrics.k8s.io",
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {**METRICS, "port": port},
        }
        metadata = {"name": "v1beta1.metrics.k8s.io"}
        version, kind = "apiregistration.k8s.io/v1", "APIService"
        self.api.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
