"""Services that tests bring up on the shared cluster."""

import json
import uuid
from contextlib import suppress

import httpx
from cluster.bed.api import ApiError

PROGRAM = """
import pulumi
from modelport import ModelService

pulumi.export("services", {"it": ModelService.from_file("service.yaml").outputs})
"""
DIGEST = "sha256:" + "a" * 64
PRIORITY_CLASS = ("scheduling.k8s.io/v1", "PriorityClass")


class Service:
    """One service in a stack of its own; tests change its `fields`, `existing` and `config` between updates."""

    def __init__(self, cluster, stack, registry):
        self.cluster, self.stack, self.registry = cluster, stack, registry
        self.name = f"s{uuid.uuid4().hex[:8]}"
        self.namespace = self.full = f"{self.name}-dev"
        self.kubeconfig = cluster.kubeconfig
        self.existing, self.config, self.fields = {}, {}, {"startupSeconds": 60}

    def wanted_config(self):
        """What the stack file says."""
        return {
            "kubernetes:kubeconfig": str(self.kubeconfig),
            "kubernetes:context": json.loads(self.kubeconfig.read_text())["current-context"],
            "modelport:target": "kubernetes",
            "modelport:environment": "dev",
            "modelport:image": f"{self.registry}/models/modelport-server@{DIGEST}",
            "modelport:existing": {"registry": f"{self.registry}/models", **self.existing},
            "modelport-policies:parameters": {"IDN-01": {"gateways": self.ways_in()}},
            **self.config,
        }

    def ways_in(self):
        """The gateways and the class of ingress that lead to the service: here they count as asking who calls."""
        names = ("gateway", "internalGateway", "gatewayNamespace", "ingressClass")
        public, internal, own, ingress = (self.existing.get(name, "") for name in names)
        return [public.rpartition("/")[0], internal.rpartition("/")[0], f"{own}/{self.full}", ingress]

    def configure(self):
        """Write down what the tests have set."""
        spec = {"metadata": {"name": self.name}, "model": {"source": "model.onnx"}, **self.fields}
        (self.stack.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": self.wanted_config()}))
        (self.stack.folder / "service.yaml").write_text(json.dumps(spec))

    def up(self):
        self.configure()
        return self.stack.up()

    def raised(self):
        result = self.up()
        assert result.exit_code == 0, self.stack.errors
        return result

    def objects(self, version, kind):
        return self.cluster.api.list(version, kind, self.namespace, labels=f"app.kubernetes.io/name={self.name}")

    def deployments(self):
        return {each["metadata"]["labels"]["modelport/slot"]: each for each in self.objects("apps/v1", "Deployment")}

    def pods(self):
        return {each["metadata"]["uid"] for each in self.objects("v1", "Pod")}

    def remove(self):
        """Leave nothing of the stack on the cluster: at once where no node is changed."""
        if "modelport:gpuPools" in self.config:
            self.stack.destroy()
            return
        for version, kind, name in (("v1", "Namespace", self.namespace), (*PRIORITY_CLASS, self.full)):
            with suppress(ApiError, httpx.TransportError):  # the test may have deleted it, or its cluster be gone
                self.cluster.api.delete(version, kind, name)

    def scale(self, slot, number, manager):
        """Set the number of a slot's pods as an autoscaler does."""
        path = self.cluster.api.path("apps/v1", "Deployment", f"{self.full}-{slot}", self.namespace)
        self.cluster.api.ask(
            "PATCH",
            f"{path}/scale",
            params={"fieldManager": manager},
            content=json.dumps({"spec": {"replicas": number}}),
            headers={"Content-Type": "application/merge-patch+json"},
        )
