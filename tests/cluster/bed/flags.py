"""How each program of the control plane is started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .binaries import binary

KWOK = Path(__file__).with_name("kwok.yaml")


@dataclass(frozen=True)
class Flags:
    """The command lines of a control plane.

    Attributes:
        folder: where its state is, with the kubeconfig of each program as NAME.kubeconfig.
        ports: of each program, by its name; `peer` is etcd's second.
    """

    folder: Path
    ports: Mapping[str, int]

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    def etcd(self) -> list[str | Path]:
        url = f"http://127.0.0.1:{self.ports['etcd']}"
        return [
            binary("etcd"),
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls=http://127.0.0.1:{self.ports['peer']}",
            # The only member: nobody calls this address, and it must stay the same.
            "--initial-advertise-peer-urls=http://127.0.0.1:2380",
            "--initial-cluster=default=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def api_server(self) -> list[str | Path]:
        pki = self.pki
        return [
            binary("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self.ports['etcd']}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # a loopback address is no valid endpoint
            f"--secure-port={self.ports['kube-apiserver']}",
            *self._serving(),
            f"--client-ca-file={pki}/ca.crt",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={pki}/service-account.key",
            f"--service-account-key-file={pki}/service-account.crt",
            f"--kubelet-certificate-authority={pki}/ca.crt",
            f"--kubelet-client-certificate={pki}/kube-apiserver.crt",
            f"--kubelet-client-key={pki}/kube-apiserver.key",
            "--kubelet-preferred-address-types=InternalIP",
            f"--requestheader-client-ca-file={pki}/ca.crt",
            "--requestheader-allowed-names=front-proxy",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={pki}/front-proxy.crt",
            f"--proxy-client-key-file={pki}/front-proxy.key",
        ]

    def controller_manager(self) -> list[str | Path]:
        return [
            *self._served("kube-controller-manager"),
            "--leader-elect=false",
            f"--root-ca-file={self.pki}/ca.crt",
            f"--service-account-private-key-file={self.pki}/service-account.key",
            "--use-service-account-credentials=true",
            "--horizontal-pod-autoscaler-sync-period=5s",
        ]

    def scheduler(self) -> list[str | Path]:
        return [*self._served("kube-scheduler"), "--leader-elect=false"]

    def kwok(self) -> list[str | Path]:
        return [
            binary("kwok"),
            f"--kubeconfig={self._kubeconfig('kwok')}",
            f"--config={KWOK}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",  # without leases the nodes turn NotReady
            "--node-ip=127.0.0.1",
            f"--node-port={self.ports['kwok']}",
            f"--server-address=127.0.0.1:{self.ports['kwok']}",
            *self._serving(),
            "--cidr=10.244.0.0/16",
        ]

    def metrics_server(self) -> list[str | Path]:
        return [
            *self._served("metrics-server"),
            f"--kubelet-certificate-authority={self.pki}/ca.crt",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
            "--metric-resolution=10s",  # its least
            "--kubelet-request-timeout=5s",
        ]

    def _served(self, name: str) -> list[str | Path]:
        """What the programs take that are built on the API server's own libraries."""
        return [
            binary(name),
            f"--kubeconfig={self._kubeconfig(name)}",
            f"--authentication-kubeconfig={self._kubeconfig(name)}",
            f"--authorization-kubeconfig={self._kubeconfig(name)}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.ports[name]}",
            *self._serving(),
        ]

    def _serving(self) -> list[str]:
        return [f"--tls-cert-file={self.pki}/server.crt", f"--tls-private-key-file={self.pki}/server.key"]

    def _kubeconfig(self, name: str) -> Path:
        return self.folder / f"{name}.kubeconfig"
