from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from modelport.spec import Environment, GpuPool
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import Kind, patches_of
from modelport.targets.running import check_providers, run_errors, running_environment

from ..objects import CONFIG_MAP, DAEMON_SET, NAMESPACE, NETWORK_POLICY, NODE_PATCH, POD_MONITOR, SDK
from .daemons import device_plugin, exporter, metrics_alone, monitor
from .placement import TAINT, nodes_of
from .pool_objects import PoolObjects

PRIVILEGED = "privileged"


class GpuPools(pulumi.ComponentResource):
    """The GPU pools of a stack: marks on their nodes, and what makes the GPUs known to the cluster and watches them.

    Attributes:
        resources: what it consists of, by role.

    Raises:
        RunError: before anything is registered, when the stack does not say which cluster it is, or
            `modelport:resources` names what is not there.
    """

    kind = "modelport:kubernetes:GpuPools"
    NAME: ClassVar = "gpuPools"
    """Its logical name in a stack: no service can have it."""

    resources: dict[str, Any]

    def __init__(self, name: str, environment: Environment, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            require_sdk(SDK, "kubernetes")
            check_providers({"kubernetes": "context"}, opts)
            patches = patches_of(name, environment, kinds_of(environment))
        pools = environment.gpu_pools.pools
        inputs = {"stack": environment.stack, "pools": [pool.model_dump(mode="json", by_alias=True) for pool in pools]}
        super().__init__(self.kind, name, inputs, opts)
        own = PoolObjects(self, name, environment, patches)

        for pool in pools:
            _mark(own, pool)
        if environment.gpu_pools.device_plugin or environment.gpu_pools.exporter:
            _namespace(own)
        for pool in pools:
            device_plugin(own, pool)
            exporter(own, pool)
        monitor(own)

        self.resources = own.resources
        self.register_outputs({})

    @classmethod
    def of_stack(cls, opts: pulumi.ResourceOptions | None = None) -> GpuPools | None:
        """Those that the running stack's config describes, if it does.

        Raises:
            RunError: with everything that is wrong with the stack's config.
        """
        with run_errors():
            environment = running_environment()
        return cls(cls.NAME, environment, opts) if environment.gpu_pools.pools else None


def kinds_of(environment: Environment) -> dict[str, Kind]:
    """What the pools of a stack may consist of, by role."""
    kinds: dict[str, Kind] = {"namespace": NAMESPACE, "network": NETWORK_POLICY, "monitor": POD_MONITOR}
    for pool in environment.gpu_pools.pools:
        kinds |= {f"node-{node}": NODE_PATCH for node in pool.nodes}
        kinds |= {f"settings-{pool.name}": CONFIG_MAP}
        kinds |= {f"{daemon}-{pool.name}": DAEMON_SET for daemon in ("plugin", "exporter")}
    return kinds


def _mark(own: PoolObjects, pool: GpuPool) -> None:
    """Label the nodes of a pool, and taint them if it says so. Nothing else of them is touched, nor of others."""
    labels, taints = nodes_of(pool, own.environment.stack), {"spec": {"taints": [TAINT]}} if pool.taint else {}
    for node in pool.nodes:
        own.register(NODE_PATCH, f"node-{node}", {"metadata": {"name": node, "labels": labels}, **taints})


def _namespace(own: PoolObjects) -> None:
    """A namespace for what has to reach into nodes, from where it reaches nobody; Prometheus reaches its metrics."""
    if own.environment.gpu_pools.namespace is None:
        modes = {f"pod-security.kubernetes.io/{mode}": PRIVILEGED for mode in ("enforce", "audit", "warn")}
        own.object(NAMESPACE, "namespace", {}, name=own.namespace, metadata={"labels": modes})
    own.object(NETWORK_POLICY, "network", {"spec": metrics_alone(own)})
