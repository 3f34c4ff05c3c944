"""How pods fetch models through a proxy, and from stores that only a company's own authority vouches for."""

import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest
from support import clouds
from support.internet import TRUST, certificate, internet

from modelport.bundle import build
from modelport.providers.artifact import ArtifactBundle
from modelport.spec import ConfigError, Environment, Model, Serving
from modelport.targets.artifact import bundle_inputs

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-central-1"}
SAS = {"AZURE_STORAGE_SAS_TOKEN": "sig=secret"}
STORES = {
    "https://models.example/fraud": ("models.example", "/fraud", {}),
    "s3://models/fraud": ("models.s3.eu-central-1.amazonaws.com", "/fraud", KEYS),
    "azblob://acme/models/fraud": ("acme.blob.core.windows.net", "/models/fraud", SAS),
}
GIVEN = {"namespace": "serving", "ca": "trusted/company.pem"}


class Files(clouds.Cloud):
    """A store of files."""

    def __init__(self, folder, prefix):
        super().__init__()
        self.files = {f"{prefix}/{file.relative_to(folder)}": file for file in folder.rglob("*") if file.is_file()}

    def answer(self, request):
        file = self.files.get(request.path)
        return 404 if file is None else (200, {}, file.read_bytes())


@pytest.fixture
def bundle(project):
    return build(project / "double.onnx", project / "built", name="fraud")


@pytest.fixture
def env_of(kubernetes):
    """The environment of the container that fetches a model, with what the stack says of the way there."""

    def env_of(source, **existing):
        service = kubernetes({"existing": {**GIVEN, **existing}}, model=Model(source=source))
        (fetcher,) = service.inputs["fraud-server-blue"]["spec"]["template"]["spec"]["initContainers"]
        return {each["name"]: each["value"] for each in fetcher["env"]}

    return env_of


def fetch(env, folder, more):
    """Run the container's command with nothing but its environment, on folders of this machine."""
    moved = {"/mnt/models": str(folder / "fetched"), "/etc/authorities": str(folder / "authorities")}
    env = {**env, **more, "PATH": os.environ["PATH"], "HOME": str(folder)}
    for place, here in moved.items():
        env = {name: value.replace(place, here) for name, value in env.items()}
    command = [sys.executable, "-m", "modelport_server", "fetch"]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=120)


def trust(folder):
    """Have the certificates of the tests where the config map would be."""
    (folder / "authorities").mkdir(exist_ok=True)
    shutil.copy(folder / "tls.pem", folder / "authorities" / "company.pem")


@pytest.mark.parametrize("source", STORES)
def test_the_plan_and_the_pods_reach_a_store_through_the_proxy(source, bundle, env_of, tmp_path, monkeypatch):
    host, prefix, credentials = STORES[source]
    store = Files(bundle.path, prefix)
    for name, value in credentials.items():
        monkeypatch.setenv(name, value)
    with internet({host: store}, tmp_path, monkeypatch):
        for name in TRUST[1:]:
            monkeypatch.delenv(name)
        env = env_of(source, proxy=os.environ["HTTPS_PROXY"])
        assert env["MODELPORT_DIGEST"] == bundle.digest
        store.asked.clear()
        trust(tmp_path)
        done = fetch(env, tmp_path, credentials)
        assert done.returncode == 0, done.stderr
        assert store.asked
        fetched = tmp_path / "fetched" / bundle.digest.removeprefix("sha256:")
        assert (fetched / "bundle.json").read_bytes() == (bundle.path / "bundle.json").read_bytes()


def test_bundles_go_to_registries_through_the_proxy_and_come_from_there(bundle, env_of, tmp_path, monkeypatch):
    with internet({"registry.example": clouds.Oci()}, tmp_path, monkeypatch):
        for name in TRUST[1:]:
            monkeypatch.delenv(name)
        wanted = {**bundle_inputs(bundle), "target": "oci://registry.example/models/fraud"}
        uri, _ = ArtifactBundle().create(ArtifactBundle().check(wanted)[0], print)
        trust(tmp_path)
        env = env_of(uri, proxy=os.environ["HTTPS_PROXY"])
        assert fetch(env, tmp_path, {}).returncode == 0


def test_a_store_that_needs_no_proxy_is_asked_without(bundle, env_of, tmp_path):
    with over_tls(Files(bundle.path, "/fraud"), tmp_path) as port:
        source = f"https://localhost:{port}/fraud"
        trust(tmp_path)
        here = {"REQUESTS_CA_BUNDLE": str(tmp_path / "authorities" / "company.pem")}
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv(*next(iter(here.items())))
            env = env_of(source, proxy="http://127.0.0.1:9", no_proxy=["localhost"])
        done = fetch(env, tmp_path, {})
        assert done.returncode == 0, done.stderr


def test_an_authority_that_nobody_has_named_is_said_at_once(bundle, env_of, tmp_path, monkeypatch):
    with over_tls(Files(bundle.path, "/fraud"), tmp_path) as port:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "tls.pem"))
        env = env_of(f"https://localhost:{port}/fraud", ca=None)
        done = fetch(env, tmp_path, {})
    assert done.returncode != 0
    assert "certificate" in done.stderr
    assert "REQUESTS_CA_BUNDLE" in done.stderr
    assert "broke off" not in done.stderr


@contextmanager
def over_tls(cloud, folder):
    """The cloud, at a port of localhost."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(folder, ["localhost"]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), clouds.handler_of(lambda host: cloud))
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def egress(kubernetes, **existing):
    rules = kubernetes({"existing": existing}).inputs["fraud-network"]["spec"]["egress"]
    return [[port["port"] for port in rule["ports"]] for rule in rules]


@pytest.mark.parametrize(
    ("existing", "ports"),
    [
        ({}, [443]),
        ({"proxy": "http://proxy.example:3128"}, [3128]),
        ({"proxy": "http://proxy.example:3128", "no_proxy": [".example"]}, [443, 3128]),
        ({"proxy": "http://[fd00::1]:443", "no_proxy": [".example"]}, [443]),
    ],
)
def test_pods_get_out_to_the_proxy_and_past_it_only_where_they_may(kubernetes, existing, ports):
    assert egress(kubernetes, **existing) == [[53, 53, 5353, 5353], ports]


def test_certificates_are_mounted_where_the_model_is_fetched_and_nowhere_else(kubernetes):
    pod = kubernetes({"existing": GIVEN}).inputs["fraud-server-blue"]["spec"]["template"]["spec"]
    (fetcher,), (server,) = pod["initContainers"], pod["containers"]
    (volume,) = (each for each in pod["volumes"] if each["name"] == "authorities")
    assert volume["configMap"] == {"name": "trusted", "items": [{"key": "company.pem", "path": "company.pem"}]}
    assert "authorities" in {each["name"] for each in fetcher["volumeMounts"]}
    assert "authorities" not in {each["name"] for each in server["volumeMounts"]}
    without = kubernetes({"existing": GIVEN}, serving=Serving(image=f"r.example/own@sha256:{'a' * 64}"))
    assert json.dumps(without.inputs["fraud-server-blue"]).count("REQUESTS_CA_BUNDLE") == 1


@pytest.mark.parametrize(
    ("existing", "problem"),
    [
        ({"proxy": "http://me:hunter2@proxy.example:3128"}, "without user and password"),
        ({"proxy": "proxy.example:3128"}, "an address like http://HOST:PORT"),
        ({"proxy": "http://proxy.example"}, "an address like http://HOST:PORT"),
        ({"ca": "trusted"}, "CONFIGMAP/KEY"),
        ({"noProxy": [".example"]}, "there is no proxy to go without"),
    ],
)
def test_what_cannot_be_meant_is_an_error(existing, problem):
    config = {"modelport:target": "kubernetes", "modelport:existing": existing}
    with pytest.raises(ConfigError) as told:
        Environment.from_config(config, stack="dev")
    assert problem in str(told.value)
    assert "hunter2" not in str(told.value)
