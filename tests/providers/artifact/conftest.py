from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import boto3
import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.server import ThreadedMotoServer
from onnx import TensorProto, helper, numpy_helper
from support import clouds, models
from support.registry import registry
from support.wire import Wire

from modelport.bundle import build
from modelport.providers.artifact import ArtifactBundle
from modelport_server.bundle.sources import patience

MEGABYTE = 1 << 20


@dataclass
class Place:
    """A store on this machine, behind a wire.

    Attributes:
        names: gives the names of all that is there.
        damage, drop: change or remove a file there by the end of its name.
        secrets: what nobody may see.
    """

    target: str
    wire: Wire
    names: Any = None
    damage: Any = None
    drop: Any = None
    cloud: Any = None
    secrets: tuple[str, ...] = ()
    made: list = field(default_factory=list)


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """Pauses are short, and interrupted uploads are remembered in a folder of the test."""
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """A bundle with a file of 36 MiB, which no store takes at once."""
    folder = tmp_path_factory.mktemp("large")
    weights = np.random.default_rng(7).random(9 * MEGABYTE, np.float32)
    external = numpy_helper.from_array(weights[:1], "w")
    external.ClearField("raw_data")
    external.dims[0] = len(weights)
    external.data_location = TensorProto.EXTERNAL
    external.external_data.add(key="location", value="weights.bin")
    (folder / "weights.bin").write_bytes(weights.tobytes())
    nodes = [helper.make_node("ReduceMax", ["w"], ["m"], keepdims=0), helper.make_node("Add", ["x", "m"], ["y"])]
    tensors = [(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    model = models.make(nodes, tensors[:1], tensors[1:], initializers=[external])
    return build(models.save(model, folder / "large.onnx"), folder / "large")


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    return build(models.save(models.doubling(), folder / "doubling.onnx"), folder / "doubling")


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    return build(models.save(models.scaling(3.0), folder / "tripling.onnx"), folder / "tripling")


@pytest.fixture(scope="session")
def s3_port():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture(scope="session")
def google_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def services():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def s3(services, s3_port, monkeypatch, tmp_path):
    wire = services.enter_context(Wire(s3_port))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{wire.port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{s3_port}")
    bucket = tmp_path.name.replace("_", "-").lower()[:40] + f"-{abs(hash(str(tmp_path)))}"[:20]
    client.create_bucket(Bucket=bucket)

    def names():
        return {each["Key"] for each in client.list_objects_v2(Bucket=bucket).get("Contents", [])}

    def key(end):
        return next(name for name in names() if name.endswith(end))

    return Place(
        f"s3://{bucket}/team/models",
        wire,
        names,
        damage=lambda end: client.put_object(Bucket=bucket, Key=key(end), Body=b"?"),
        drop=lambda end: client.delete_object(Bucket=bucket, Key=key(end)),
        cloud=client,
        secrets=("wJalrXUtnFEMI",),
    )


@pytest.fixture
def gs(services, google_key, monkeypatch, tmp_path):
    public = google_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    cloud = services.enter_context(clouds.serving(clouds.Gs(public)))
    wire = services.enter_context(Wire(cloud.port))
    account_of(google_key, f"{cloud.url}/token", tmp_path / "account.json", monkeypatch)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{wire.port}")
    secrets = (cloud.token, "c4p4b1l1ty", "PRIVATE KEY")
    return Place("gs://models/team", wire, cloud.names, cloud.damage, cloud.drop, cloud, secrets)


def account_of(key, token_url, file, monkeypatch):
    """Make a service account of Google's the identity that is found."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    account = {"type": "service_account", "client_email": "me@example.iam.gserviceaccount.com", "project_id": "p"}
    file.write_text(json.dumps({**account, "private_key": pem.decode(), "token_uri": token_url}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))


@pytest.fixture
def azblob(services, monkeypatch):
    cloud = services.enter_context(clouds.serving(clouds.Azure()))
    wire = services.enter_context(Wire(cloud.port))
    monkeypatch.setenv("AZURE_STORAGE_BLOB_ENDPOINT", f"http://127.0.0.1:{wire.port}")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=hush%2Fhush")
    place = Place("azblob://account/models/team", wire, cloud.names, cloud.damage, cloud.drop, cloud)
    place.secrets = ("hush%2Fhush", "hush/hush")
    return place


@pytest.fixture
def oci(services):
    cloud = services.enter_context(clouds.serving(clouds.Oci()))
    wire = services.enter_context(Wire(cloud.port))
    place = Place(f"oci://127.0.0.1:{wire.port}/team/models", wire, cloud=cloud)
    place.names = lambda: {reference for _, reference in cloud.manifests}
    place.drop = lambda end: cloud.manifests.clear()
    place.secrets = ("s3ss10n",)
    return place


@pytest.fixture
def docker(services, tmp_path):
    """A real registry."""
    port = services.enter_context(registry(tmp_path / "registry"))
    wire = services.enter_context(Wire(port))
    return Place(f"oci://127.0.0.1:{wire.port}/team/models", wire)


@pytest.fixture
def volume(tmp_path):
    """A folder; nothing is sent."""
    root = tmp_path / "volume"
    place = Place(str(root), Wire(9))

    def find(end):
        return next(path for path in root.rglob("*") if path.is_file() and path.as_posix().endswith(end))

    place.names = lambda: {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    place.damage, place.drop = (lambda end: find(end).write_bytes(b"?")), (lambda end: find(end).unlink())
    return place


KINDS = ["s3", "gs", "azblob", "oci", pytest.param("docker", marks=pytest.mark.program("docker-registry"))]


@pytest.fixture(params=KINDS)
def remote(request):
    """Each kind of store that something is sent to."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=[*KINDS, "volume"])
def place(request):
    """Each kind of target."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def up():
    """Bring a bundle to a place as a new resource; gives its outputs."""

    def up(bundle, place, /, **more):
        asked = {"bundle": str(bundle.path), "digest": bundle.digest, "target": place.target, **more}
        checked, failures = ArtifactBundle().check(asked)
        assert failures == []
        return ArtifactBundle().create(checked, print)[1]

    return up
