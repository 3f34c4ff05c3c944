"""The whole chain on a node that runs containers: the image, a model on a volume, predictions, updates under load."""

import json
import os
import shutil
import threading
import time
from pathlib import Path

import httpx
import pytest
from cluster.bed.real_node import PLACEMENT
from cluster.bed.waiting import until
from support.image import debian, make_image, readable
from support.stack import Stack

from modelport.bundle import build

pytestmark = [pytest.mark.program("mmdebstrap"), pytest.mark.timeout(900)]  # the image takes minutes to build

MODELS = Path(__file__).parents[2] / "stacks" / "models"
PROGRAM = """
import pulumi
from modelport import ModelService

pulumi.export("services", {"digits": ModelService.from_file("service.yaml").outputs})
"""
MISSING = "registry.invalid/modelport-server@sha256:" + "a" * 64


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """The serving image, as `make image` writes it: MODELPORT_IMAGE_LAYOUT, or else one that is made here."""
    if there := os.environ.get("MODELPORT_IMAGE_LAYOUT"):
        return Path(there)
    folder = tmp_path_factory.mktemp("image")
    make_image(folder / "layouts", debian(folder))
    return folder / "layouts" / "cpu"


@pytest.fixture
def digits(tmp_path):
    """A folder with the bundle of the digits, as a claim holds it: in a folder of the bundle's digest."""
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)
    bundle = build(MODELS / "digits.onnx", tmp_path / "coming")
    folder = tmp_path / "volume" / bundle.digest.removeprefix("sha256:")
    shutil.copytree(bundle.path, folder)
    return readable(tmp_path / "volume")


@pytest.fixture
def claim(cluster, make_namespace, digits):
    """A restricted namespace with a claim `models` of the folder."""
    namespace = make_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
    volume = {**common, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(digits)}}
    reference = {"claimRef": {"namespace": namespace, "name": "models"}, "persistentVolumeReclaimPolicy": "Retain"}
    wanted = {**common, "resources": {"requests": {"storage": "1Gi"}}, "volumeName": namespace}
    objects = [("PersistentVolume", {"name": namespace}, {**volume, **reference})]
    objects.append(("PersistentVolumeClaim", {"name": "models", "namespace": namespace}, wanted))
    for kind, metadata, spec in objects:
        cluster.api.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})
    yield namespace
    cluster.api.delete("v1", "PersistentVolume", namespace)


@pytest.fixture
def stack(cluster, real_node, layout, claim, tmp_path):
    """The service `digits` on the real node, in the namespace `claim`."""
    image = real_node.load(layout, "registry.test/modelport-server")
    with Stack(tmp_path / "project", PROGRAM) as stack:
        shutil.copy(MODELS / "digits.onnx", stack.folder / "model.onnx")
        shutil.copy(MODELS / "digits.json", stack.folder / "model.json")
        yield Digits(cluster, stack, image, claim)
        stack.destroy()


class Digits:
    def __init__(self, cluster, stack, image, namespace):
        self.cluster, self.stack, self.image, self.namespace = cluster, stack, image, namespace

    def up(self, *, deadline=120, **fields):
        """Bring it up with these fields of the service file; gives the result."""
        config = {
            "kubernetes:kubeconfig": str(self.cluster.kubeconfig),
            "kubernetes:context": "test",
            "modelport:target": "kubernetes",
            "modelport:environment": "dev",
            "modelport:image": self.image,
            "modelport:existing": {"namespace": self.namespace, "claim": "models"},
            "modelport:resources": {"digits-kubernetes-server-blue": {"properties": on_the_real_node(deadline)}},
        }
        spec = {
            "metadata": {"name": "digits"},
            "model": {"source": "model.onnx"},
            "compute": {"cpu": 0.2, "memory": "256Mi"},
            "serving": {"delivery": "pvc"},
            "scaling": {"min": 2, "max": 2},  # what is lost is lost by updates
            "startupSeconds": 60,
            **fields,
        }
        (self.stack.folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
        (self.stack.folder / "service.yaml").write_text(json.dumps(spec))
        return self.stack.up()

    def raised(self, **fields):
        assert self.up(**fields).exit_code == 0, self.stack.errors

    @property
    def url(self):
        services = self.cluster.api.list("v1", "Service", self.namespace)
        address = next(each["spec"]["clusterIP"] for each in services if each["metadata"]["name"].startswith("digits"))
        return f"http://{address}/v2/models/digits/infer"

    def predict(self, body):
        """The answer; the node's proxy learns of a new Service a moment after the API server."""
        until(lambda: answers(self.url, body))
        return httpx.post(self.url, json=body, timeout=30, trust_env=False).json()

    def pods(self):
        labels = "app.kubernetes.io/name=digits"
        return {each["metadata"]["name"] for each in self.cluster.api.list("v1", "Pod", self.namespace, labels=labels)}


def answers(url, body):
    try:
        return httpx.post(url, json=body, timeout=30, trust_env=False).is_success
    except httpx.ConnectError:
        return False


def on_the_real_node(deadline):
    return {"spec": {"progressDeadlineSeconds": deadline, "template": {"spec": PLACEMENT}}}


def sample(digits):
    (bundle,) = digits.iterdir()
    return json.loads((bundle / "sample.json").read_text())


class Load:
    """Asks again and again, a connection each, until the context ends; `failures` is what was no answer."""

    def __init__(self, url, body):
        self.url, self.body = url, body
        self.answers, self.failures = 0, []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def _ask(self):
        while not self._over.wait(0.02):
            try:
                response = httpx.post(self.url, json=self.body, timeout=30, trust_env=False)
            except httpx.HTTPError as error:
                self.failures.append(repr(error))
                continue
            if response.status_code == 200:
                self.answers += 1
            else:
                self.failures.append(f"{response.status_code} {response.text}")

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()


def test_digits_are_read_by_real_pods_and_an_update_loses_no_request(stack, digits):
    stack.raised()
    answer = stack.predict(sample(digits))
    assert answer["model_name"] == "digits"
    assert len(answer["outputs"][0]["data"]) == answer["outputs"][0]["shape"][0]

    before = stack.pods()
    with Load(stack.url, sample(digits)) as load:
        stack.raised(request={"timeout": "20s"})
        until(lambda: not stack.pods() & before, seconds=60)
        time.sleep(1)
    assert load.failures == []
    assert load.answers > 50


def test_an_image_that_is_not_there_stops_the_update_and_the_service_goes_on(stack, digits):
    stack.raised()
    stack.predict(sample(digits))
    with Load(stack.url, sample(digits)) as load:
        assert stack.up(deadline=15, serving={"delivery": "pvc", "image": MISSING}).exit_code == 1
        assert any("ErrImagePull" in error or "ImagePullBackOff" in error for error in stack.stack.errors)
        stack.raised()
    assert load.failures == []
    assert load.answers > 50
