"""Servers of models that are elsewhere, and that are trusted only so far."""

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from support import stores
from support.server import free_port

from modelport_server.bundle import load
from modelport_server.bundle.signature import sign
from modelport_server.bundle.sources import models_in

ASKED = {"instances": [[1, 2, 3]]}


@pytest.fixture
def shelf(bundles):
    shelf = stores.Shelf()
    shelf.put_folder(bundles / "twice", "/twice")
    with stores.serving(shelf):
        yield shelf


@pytest.fixture
def signed(bundles, tmp_path):
    """A signed copy of `twice`, and its public key."""
    key = ed25519.Ed25519PrivateKey.generate()
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    folder = shutil.copytree(bundles / "twice", tmp_path / "signed")
    sign(folder, key.private_bytes(*kinds))
    public = key.public_key().public_bytes(kinds[0], serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    return folder, tmp_path / "public.pem"


def serves(server):
    assert server.ready, server.errors
    with server.client() as client:
        return client.post("/score", json=ASKED).json() == {"predictions": [[2.0, 4.0, 6.0]]}


def refused(server):
    """Why a server has ended before it was ready."""
    assert (server.ready, server.wait()) == (None, 3)
    assert "Traceback" not in server.errors
    return server.errors


def test_a_model_comes_from_a_store(start, shelf, tmp_path):
    assert serves(start("--model", f"{shelf.url}/twice", "--cache", tmp_path / "cache"))


def test_the_port_is_open_while_the_model_comes(start, shelf, tmp_path):
    shelf.statuses = [503] * 4  # the store is asked again after a while
    port = free_port()
    start("--model", f"{shelf.url}/twice", "--cache", tmp_path / "cache", http_port=port)
    statuses = set()
    while 200 not in statuses:
        try:
            statuses.add(httpx.get(f"http://127.0.0.1:{port}/v2/health/ready").status_code)
        except httpx.ConnectError:
            continue
    assert statuses == {503, 200}


def test_a_store_without_the_model_ends_the_server(start, shelf, tmp_path):
    assert "there is no such file" in refused(start("--model", f"{shelf.url}/m.onnx", "--cache", tmp_path / "cache"))


def test_a_store_without_a_place_to_keep_models_ends_the_server(start, shelf, tmp_path):
    (tmp_path / "file").touch()
    server = start("--model", f"{shelf.url}/twice", "--cache", tmp_path / "file" / "cache")
    assert "Give a folder that can be written with --cache" in refused(server)


def test_a_model_comes_from_an_archive(start, bundles, tmp_path):
    with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as archive:
        archive.add(bundles / "twice", arcname="deep/in/it")
    assert serves(start("--model", tmp_path / "m.tar.gz", "--cache", tmp_path / "cache"))


def test_the_bundle_of_a_digest_serves_and_no_other(start, bundles):
    digest = load(bundles / "twice").digest
    assert serves(start("--model", bundles / "twice", "--digest", digest))
    server = start("--model", bundles / "thrice", "--digest", digest)
    assert f"wanted is {digest}" in refused(server)


def test_a_signed_bundle_serves_and_no_other(start, bundles, signed):
    folder, public = signed
    assert serves(start("--model", folder, "--public-key", public))
    assert "bears no signature" in refused(start("--model", bundles / "twice", "--public-key", public))
    assert "bears no signature" in refused(start("--model", bundles / "slow.onnx", "--public-key", public))
    (folder / "bundle.json.sig").write_text("AAAA")
    assert "bears another signature" in refused(start("--model", folder, "--public-key", public))


def test_a_signature_comes_with_a_bundle_from_a_store(start, shelf, signed, tmp_path):
    folder, public = signed
    flags = ("--public-key", public, "--cache", tmp_path / "cache")
    assert "bears no signature" in refused(start("--model", f"{shelf.url}/twice", *flags))
    shelf.put_folder(folder, "/twice")
    assert serves(start("--model", f"{shelf.url}/twice", *flags))


def test_a_key_that_is_not_there_ends_the_server(start, bundles, tmp_path):
    server = start("--model", bundles / "twice", "--public-key", tmp_path / "nowhere.pem")
    assert "nowhere.pem\n  cannot be read" in refused(server)


def test_a_changed_model_with_its_old_signature_does_not_serve(start, bundles, signed):
    folder, public = signed
    manifest = json.loads((folder / "bundle.json").read_text())
    other = json.loads((bundles / "thrice" / "bundle.json").read_text())
    assert manifest["digest"] != other["digest"]
    for name in ("bundle.json", "model/model.onnx", "expected.json"):
        shutil.copy(bundles / "thrice" / name, folder / name)
    assert "bears another signature" in refused(start("--model", folder, "--public-key", public))


class TestFolders:
    def test_a_folder_may_hold_several(self, bundles, tmp_path):
        shutil.copytree(bundles / "twice", tmp_path / "b")
        shutil.copytree(bundles / "slow", tmp_path / "a" / "deep")
        assert models_in(tmp_path) == [tmp_path / "a" / "deep", tmp_path / "b"]

    def test_what_kubernetes_mounts_by_two_names_is_found_once(self, bundles, tmp_path):
        shutil.copytree(bundles / "twice", tmp_path / "..2026" / "scale")
        (tmp_path / "..data").symlink_to("..2026")
        (tmp_path / "scale").symlink_to("..data/scale")
        (tmp_path / "scale" / "loop").symlink_to(tmp_path)
        assert len(models_in(tmp_path)) == 1

    def test_an_empty_folder_ends_the_server(self, start, tmp_path):
        assert "holds no bundle and no .onnx file" in refused(start("--model", tmp_path))


# fetching for a server to come


def fetch(*flags):
    command = [sys.executable, "-m", "modelport_server", "fetch", *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_bundle_is_fetched_once_and_a_server_of_the_folder_serves_it(start, bundles, shelf, tmp_path):
    digest, cache = load(bundles / "twice").digest, tmp_path / "models"
    flags = ("--model", f"{shelf.url}/twice", "--digest", digest, "--cache", cache)
    fetched = fetch(*flags)
    assert (fetched.returncode, fetched.stderr) == (0, "")
    (bundle,) = json.loads(fetched.stdout)["fetched"]
    assert (bundle["digest"], bundle["path"]) == (digest, str(cache / digest.removeprefix("sha256:")))
    before = len(shelf.asked)
    assert fetch(*flags).stdout == fetched.stdout
    assert not [path for path in shelf.asked[before:] if "model.onnx" in path[0]]
    assert serves(start("--model", cache, "--digest", digest))


def test_a_bundle_of_another_digest_is_no_success(shelf, tmp_path):
    fetched = fetch("--model", f"{shelf.url}/twice", "--digest", "0" * 64, "--cache", tmp_path / "models")
    assert (fetched.returncode, fetched.stdout) == (3, "")
    assert "wanted is sha256:0000" in fetched.stderr
    assert "Traceback" not in fetched.stderr


def test_a_model_that_is_no_bundle_cannot_be_fetched_by_digest(bundles, tmp_path):
    fetched = fetch("--model", bundles / "twice" / "model" / "model.onnx", "--cache", tmp_path / "models")
    assert fetched.returncode == 3
    assert "not a bundle" in fetched.stderr


def test_a_fetch_that_is_stopped_is_no_success(shelf, tmp_path):
    shelf.statuses = [503] * 100  # the store is asked again after a while
    command = [sys.executable, "-m", "modelport_server", "fetch", "--model", f"{shelf.url}/twice"]
    with subprocess.Popen([*command, "--cache", tmp_path / "models"], stderr=subprocess.PIPE) as process:
        while not shelf.asked:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM
