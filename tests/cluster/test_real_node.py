"""The node on which containers run."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import httpx
import pytest
from cluster.bed import BedError
from cluster.bed.binaries import binary
from cluster.bed.images import image_of
from cluster.bed.node_files import BRIDGE, NAME
from cluster.bed.real_node import CHANGED, MACHINE, PLACEMENT, SETTINGS, lacking
from cluster.bed.real_node import real_node as the_real_node
from cluster.bed.waiting import until
from cluster.manifests import container, deployment

WEB = "registry.test/web"
HARDENED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@pytest.fixture
def web(cluster, real_node, make_namespace):
    """The address of a Service in front of two pods, in a restricted namespace, and the namespace."""
    image = real_node.load(image_of(binary("web")), WEB)
    namespace = make_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    probe = {"httpGet": {"path": "/ready", "port": 8000}, "periodSeconds": 1}
    server = {
        **container(image),
        "env": [{"name": "VERSION", "value": "v1"}],
        "readinessProbe": probe,
        "securityContext": LOCKED_DOWN,
    }
    pods = {"containers": [server], "securityContext": HARDENED, "terminationGracePeriodSeconds": 1, **PLACEMENT}
    app = deployment("web", namespace, replicas=2, **pods)
    app["spec"]["progressDeadlineSeconds"] = 60
    cluster.api.create(app)
    metadata = {"name": "web", "namespace": namespace}
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000}]}
    service = cluster.api.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    until(lambda: cluster.api.get("apps/v1", "Deployment", "web", namespace)["status"].get("readyReplicas") == 2)
    return f"http://{service['spec']['clusterIP']}", namespace


def answers(url):
    """What forty connections hear; nothing while kube-proxy has yet to learn of the first pod."""
    try:
        return {httpx.get(url, trust_env=False).text for _ in range(40)}
    except httpx.ConnectError:
        return set()


def test_pods_of_a_loaded_image_answer_through_their_service(cluster, web):
    url, namespace = web
    pods = {each["metadata"]["name"]: each for each in cluster.api.list("v1", "Pod", namespace)}
    assert {each["spec"]["nodeName"] for each in pods.values()} == {NAME}
    until(lambda: answers(url) == {f"v1 {name}\n" for name in pods})
    path = cluster.api.path("v1", "Pod", next(iter(pods)), namespace)
    assert "serving" in cluster.api.text(f"{path}/log")


def test_what_a_machine_lacks_for_one_is_named(cluster, monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lacking()[:3] == ["root", "runc", "ip"]
    with pytest.raises(BedError, match="lacks root, runc, ip"), the_real_node(cluster):
        pass


class TestImages:
    @pytest.fixture
    def layout(self, tmp_path):
        """A folder as `make image` writes it."""
        with tarfile.open(fileobj=io.BytesIO(image_of(binary("web")))) as tar:
            tar.extractall(tmp_path / "layout", filter="data")
        return tmp_path / "layout"

    @pytest.mark.parametrize("named", [{}, {"org.opencontainers.image.ref.name": "registry.test/theirs:1"}])
    def test_a_layout_is_an_image_of_the_repository_that_is_told(self, cluster, real_node, namespace, layout, named):
        index = json.loads((layout / "index.json").read_text())
        index["manifests"][0]["annotations"] = named
        (layout / "index.json").write_text(json.dumps(index))
        image = real_node.load(layout, "registry.test/ours")
        assert image == f"registry.test/ours@{index['manifests'][0]['digest']}"
        cluster.api.create(deployment("web", namespace, image=image, terminationGracePeriodSeconds=1, **PLACEMENT))
        until(lambda: cluster.api.get("apps/v1", "Deployment", "web", namespace)["status"].get("readyReplicas") == 1)

    def test_what_is_no_layout_is_refused(self, real_node, tmp_path):
        (tmp_path / "manifest.json").write_text("[]")
        with pytest.raises(BedError, match="no OCI layout"):
            real_node.load(tmp_path, "registry.test/web")


def test_it_leaves_nothing_on_the_machine(cluster, real_node, web):
    settings = json.loads(SETTINGS.read_text())
    real_node.stop()
    assert settings == {name: Path("/proc/sys", name).read_text() for name in CHANGED}
    links = subprocess.run(["ip", "link"], capture_output=True, text=True, check=True).stdout
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert (BRIDGE in links, "kube-proxy" in tables) == (False, False)
    assert "kubepods" not in " ".join(map(str, Path("/sys/fs/cgroup").glob("*")))
    assert str(cluster.folder / "node") not in Path("/proc/mounts").read_text()
    assert not (cluster.folder / "node").exists()
    assert {path.name for path in MACHINE.iterdir()} == {"lock", "log", "run"}
    assert not [*(MACHINE / "run").iterdir()]
