"""A throwaway Kubernetes cluster on the loopback interface, for tests: `python -m tests.cluster.bed up`.

The control plane is real: etcd, kube-apiserver, kube-controller-manager, kube-scheduler and metrics-server, compiled
from the Go modules that `tools/*/go.mod` pin. The nodes are simulated: kwok answers for their kubelets as `kwok.yaml`
says, so pods are scheduled, become Ready and roll out, but no container runs. `real_node` adds one that runs them.
"""


class BedError(Exception):
    """What went wrong, and what to do next."""
