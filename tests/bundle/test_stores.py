"""Models from stores: whole or not at all, from where an interrupted transfer ended."""

import hashlib
import json
import shutil
import tarfile

import boto3
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.server import ThreadedMotoServer
from support import models, stores

from modelport.bundle import build, ensure
from modelport_server.bundle import BundleError
from modelport_server.bundle.sources import azblob, fetch, patience


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    return build(models.save(models.doubling(), folder / "doubling.onnx"), folder / "doubling")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.01)


@pytest.fixture
def shelf(bundle):
    shelf = stores.Shelf()
    shelf.put_folder(bundle.path, "/models/doubling")
    with stores.serving(shelf):
        yield shelf


def packed(folder, file, mode="w:gz"):
    with tarfile.open(file, mode) as archive:
        archive.add(folder, arcname=".")
    return file


class TestHttp:
    def test_a_bundle_is_brought_here_once(self, shelf, bundle, cache):
        [path] = fetch(f"{shelf.url}/models/doubling", cache)
        assert path.name == bundle.digest.removeprefix("sha256:")
        first = len(shelf.asked)
        assert fetch(f"{shelf.url}/models/doubling/", cache) == [path]
        assert [asked[0].rpartition("/")[2] for asked in shelf.asked[first:]] == [
            *("bundle.json", "bundle.json.sig", "baseline.json")
        ]

    def test_what_the_cache_has_damaged_is_brought_again(self, shelf, cache):
        [path] = fetch(f"{shelf.url}/models/doubling", cache)
        (path / "model" / "model.onnx").write_bytes(b"?")
        [path] = fetch(f"{shelf.url}/models/doubling", cache)
        assert (path / "model" / "model.onnx").stat().st_size > 1

    @pytest.mark.parametrize("ranges", [True, False])
    def test_a_transfer_that_breaks_off_goes_on(self, shelf, cache, ranges):
        shelf.ranges = ranges
        shelf.files["/m.onnx"] = content = bytes(range(256)) * 100
        shelf.cuts = [10_000, 5_000, 0]
        [path] = fetch(f"{shelf.url}/m.onnx", cache)
        assert path.read_bytes() == content
        assert len(shelf.asked) == 4
        assert max(start for _, start, _ in shelf.asked) == (15_000 if ranges else 10_000)

    def test_another_process_goes_on_where_one_was_killed(self, shelf, bundle, cache):
        name = "/models/doubling/model/model.onnx"
        content = shelf.files.pop(name)
        with pytest.raises(BundleError, match="there is no such file"):
            fetch(f"{shelf.url}/models/doubling", cache)
        [place] = cache.glob("coming-*")
        (place / "model").mkdir(exist_ok=True)
        (place / "model" / "model.onnx.part").write_bytes(content[:50])
        shelf.files[name] = content
        fetch(f"{shelf.url}/models/doubling", cache)
        assert (name, 50) in [asked[:2] for asked in shelf.asked]

    def test_a_part_of_another_file_is_thrown_away(self, shelf, cache):
        name = "/models/doubling/model/model.onnx"
        content = shelf.files.pop(name)
        with pytest.raises(BundleError):
            fetch(f"{shelf.url}/models/doubling", cache)
        [place] = cache.glob("coming-*")
        (place / "model").mkdir(exist_ok=True)
        (place / "model" / "model.onnx.part").write_bytes(b"x" * 50)
        shelf.files[name] = content
        assert fetch(f"{shelf.url}/models/doubling", cache)

    @pytest.mark.parametrize("change", [lambda content: content[:-1] + b"?", lambda content: content + b"?"])
    def test_another_file_than_the_manifest_says_is_refused(self, shelf, cache, change):
        shelf.files["/models/doubling/model/model.onnx"] = change(shelf.files["/models/doubling/model/model.onnx"])
        with pytest.raises(BundleError, match=r"has sha256 .*, it should have|has more than"):
            fetch(f"{shelf.url}/models/doubling", cache)
        assert not [path for path in cache.iterdir() if len(path.name) == 64]

    def test_a_busy_store_is_asked_again_and_a_dead_one_is_given_up(self, shelf, cache):
        shelf.statuses = [503, 429, 500]
        assert fetch(f"{shelf.url}/models/doubling", cache)
        shelf.statuses = [503] * 50
        with pytest.raises(BundleError, match=r"broke off 6 times without a byte: .* answered 503"):
            fetch(f"{shelf.url}/m.onnx", cache)

    def test_a_forbidden_file_is_not_asked_for_again(self, shelf, cache):
        shelf.statuses = [403]
        with pytest.raises(BundleError, match="answered 403"):
            fetch(f"{shelf.url}/m.onnx?signature=secret", cache)
        assert len(shelf.asked) == 1

    def test_a_store_that_forbids_what_is_not_there_gives_a_bundle(self, shelf, cache, bundle):
        found = shelf.find
        shelf.find = lambda request: 403 if found(request) == 404 else found(request)
        [path] = fetch(f"{shelf.url}/models/doubling", cache)
        assert path.name == bundle.digest.removeprefix("sha256:")

    def test_a_renewed_baseline_comes_without_the_model(self, shelf, cache, bundle):
        [path] = fetch(f"{shelf.url}/models/doubling", cache)
        assert not (path / "baseline.json").exists()
        first, shelf.files["/models/doubling/baseline.json"] = len(shelf.asked), b"{}"
        assert fetch(f"{shelf.url}/models/doubling", cache) == [path]
        assert (path / "baseline.json").read_bytes() == b"{}"
        shelf.files.pop("/models/doubling/baseline.json")
        assert fetch(f"{shelf.url}/models/doubling", cache) == [path]
        assert not (path / "baseline.json").exists()
        assert not [asked for asked in shelf.asked[first:] if asked[0].endswith(".onnx")]

    def test_no_error_tells_what_is_in_the_query(self, shelf, cache):
        for url, statuses in ((shelf.url, [403]), (shelf.url, [503] * 50), ("http://127.0.0.1:9", [])):
            shelf.statuses = statuses
            with pytest.raises(BundleError) as raised:
                fetch(f"{url}/m.onnx?signature=secret", cache)
            assert "secret" not in str(raised.value)

    def test_an_address_without_a_bundle_says_what_to_name(self, shelf, cache):
        with pytest.raises(BundleError, match=r"has no bundle.json.\n  Name a bundle"):
            fetch(f"{shelf.url}/models", cache)

    def test_plain_http_is_for_this_machine_alone(self, cache):
        with pytest.raises(BundleError, match="Use https"):
            fetch("http://models.example/m.onnx", cache)

    def test_a_manifest_that_leads_outside_is_refused(self, shelf, cache):
        manifest = json.loads(shelf.files["/models/doubling/bundle.json"])
        manifest["files"][0]["path"] = "../../outside"
        shelf.files["/models/doubling/bundle.json"] = json.dumps(manifest).encode()
        with pytest.raises(BundleError, match="lists files outside the bundle"):
            fetch(f"{shelf.url}/models/doubling", cache)

    def test_a_service_may_name_an_address(self, shelf, bundle, tmp_path, cache):
        found = ensure(f"{shelf.url}/models/doubling", base=tmp_path, cache=cache)
        assert found.digest == bundle.digest
        shelf.put_folder(bundle.path, "/models/other")
        shelf.files["/plain.onnx"] = bundle.model.read_bytes()
        assert ensure(f"{shelf.url}/plain.onnx", base=tmp_path, cache=cache, name="doubling").digest == bundle.digest


class TestArchives:
    @pytest.mark.parametrize(("name", "mode"), [("m.tar.gz", "w:gz"), ("m.tgz", "w:gz"), ("m.tar", "w")])
    def test_an_archive_is_unpacked(self, bundle, tmp_path, cache, name, mode):
        [path] = fetch(str(packed(bundle.path, tmp_path / name, mode)), cache)
        assert (path / "bundle.json").is_file()

    def test_an_archive_in_a_store_too(self, shelf, bundle, tmp_path, cache):
        shelf.files["/m.tar.gz"] = packed(bundle.path, tmp_path / "m.tar.gz").read_bytes()
        shelf.cuts = [20]
        [path] = fetch(f"{shelf.url}/m.tar.gz", cache)
        assert (path / "bundle.json").is_file()

    @pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08 cut short"])
    def test_what_is_no_archive_is_named(self, tmp_path, cache, content):
        (tmp_path / "m.tar.gz").write_bytes(content)
        with pytest.raises(BundleError, match=r"m.tar.gz\n  cannot be unpacked"):
            fetch(str(tmp_path / "m.tar.gz"), cache)

    @pytest.mark.parametrize("name", ["../outside.onnx", "/tmp/outside.onnx", "link/outside.onnx"])
    def test_nothing_gets_outside(self, tmp_path, cache, name):
        with tarfile.open(tmp_path / "m.tar.gz", "w:gz") as archive:
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, ".."
            archive.addfile(link)
            archive.addfile(tarfile.TarInfo(name))
        with pytest.raises(BundleError, match=r"cannot be unpacked|holds no bundle"):
            fetch(str(tmp_path / "m.tar.gz"), cache)
        assert not [path for path in tmp_path.rglob("outside.onnx") if cache not in path.parents]

    def test_an_archive_without_a_model_says_so(self, tmp_path, cache):
        (tmp_path / "empty").mkdir()
        with pytest.raises(BundleError, match=r"holds no bundle and no \.onnx file"):
            fetch(str(packed(tmp_path / "empty", tmp_path / "m.tar.gz")), cache)


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


class TestS3:
    @pytest.fixture(autouse=True)
    def bucket(self, s3_server, bundle, monkeypatch):
        for name, value in {"ENDPOINT_URL_S3": s3_server, "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="models")
        for file in bundle.path.rglob("*"):
            if file.is_file():
                client.upload_file(str(file), "models", f"a/doubling/{file.relative_to(bundle.path).as_posix()}")
        return client

    def test_a_bundle_below_a_prefix(self, bundle, cache):
        [path] = fetch("s3://models/a/doubling/", cache)
        assert path.name == bundle.digest.removeprefix("sha256:")

    def test_an_interrupted_transfer_goes_on(self, bundle, cache):
        content = (bundle.path / "model" / "model.onnx").read_bytes()
        place = cache / f"coming-{hashlib.sha256(b's3://models/a/doubling').hexdigest()[:32]}"
        for taken in (len(content) // 2, len(content)):
            (place / "model").mkdir(parents=True, exist_ok=True)
            (place / "model" / "model.onnx.part").write_bytes(content[:taken])
            [path] = fetch("s3://models/a/doubling", cache)
            assert (path / "model" / "model.onnx").read_bytes() == content
            shutil.rmtree(path)

    def test_what_is_not_there_is_named(self, cache):
        with pytest.raises(BundleError, match=r"s3://models/b.onnx\n  there is no such object"):
            fetch("s3://models/b.onnx", cache)
        with pytest.raises(BundleError, match="there is no such object"):
            fetch("s3://nowhere/b.onnx", cache)


class TestGs:
    @pytest.fixture
    def bucket(self, bundle, tmp_path, monkeypatch):
        """A bucket for a service account, whose token the server sells."""
        shelf = stores.Gs()
        shelf.put_folder(bundle.path, "/models/a/doubling")
        with stores.serving(shelf):
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            account = {"type": "service_account", "client_email": "me@example.iam.gserviceaccount.com"}
            account |= {"private_key": pem.decode(), "token_uri": f"{shelf.url}/token", "project_id": "p"}
            (tmp_path / "account.json").write_text(json.dumps(account))
            monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", shelf.url)
            yield shelf

    def test_a_bundle_below_a_prefix(self, bucket, bundle, cache):
        [path] = fetch("gs://models/a/doubling", cache)
        assert path.name == bundle.digest.removeprefix("sha256:")

    def test_an_interrupted_transfer_goes_on(self, bucket, bundle, cache):
        bucket.cuts = [5, 5, 5]
        assert fetch("gs://models/a/doubling", cache)

    def test_what_is_not_there_is_named(self, bucket, cache):
        with pytest.raises(BundleError, match="there is no such file"):
            fetch("gs://models/b.onnx", cache)


class TestAzblob:
    @pytest.fixture
    def container(self, bundle, monkeypatch):
        shelf = stores.Azure()
        shelf.put_folder(bundle.path, "/models/a/doubling")
        with stores.serving(shelf):
            monkeypatch.setenv("AZURE_STORAGE_BLOB_ENDPOINT", shelf.url)
            yield shelf

    def test_a_signature_reads_a_bundle(self, container, bundle, cache, monkeypatch):
        monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "?sig=secret")
        container.cuts = [5, 5]
        [path] = fetch("azblob://account/models/a/doubling", cache)
        assert path.name == bundle.digest.removeprefix("sha256:")
        with pytest.raises(BundleError) as raised:
            fetch("azblob://account/models/b.onnx", cache)
        assert "secret" not in str(raised.value)

    def test_a_token_reads_a_bundle(self, container, cache, monkeypatch):
        class Credential:
            def get_token(self, scope):
                assert scope == "https://storage.azure.com/.default"
                return type("Token", (), {"token": "of-azure"})

        monkeypatch.setattr(azblob, "_credential", Credential)
        assert fetch("azblob://account/models/a/doubling", cache)


class TestOci:
    @pytest.fixture
    def registry(self, bundle, tmp_path, monkeypatch):
        """A registry with the bundle as an artefact, and a login to it."""
        with stores.serving(stores.Registry()) as registry:
            host = registry.url.removeprefix("http://")
            auth = {"auths": {host: {"auth": "bWU6c2VjcmV0"}}}  # me:secret
            (tmp_path / "config.json").write_text(json.dumps(auth))
            monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
            registry.host = host
            files = {
                file.relative_to(bundle.path).as_posix(): file for file in bundle.path.rglob("*") if file.is_file()
            }
            registry.digest = registry.push("team/m", "1", {name: file.read_bytes() for name, file in files.items()})
            yield registry

    def test_a_layer_for_each_file_is_a_bundle(self, registry, bundle, cache):
        for reference in (":1", f"@{registry.digest}"):
            [path] = fetch(f"oci://{registry.host}/team/m{reference}", cache)
            assert path.name == bundle.digest.removeprefix("sha256:")

    def test_one_layer_may_be_an_archive(self, registry, bundle, tmp_path, cache):
        content = packed(bundle.path, tmp_path / "m.tar.gz").read_bytes()
        registry.push("team/packed", "latest", {"../m.tar.gz": content})
        [path] = fetch(f"oci://{registry.host}/team/packed", cache)
        assert (path / "bundle.json").is_file()

    def test_an_interrupted_transfer_goes_on(self, registry, cache):
        registry.cuts = [100_000, 100_000, 5, 5, 5]  # token, manifest, then blobs
        assert fetch(f"oci://{registry.host}/team/m:1", cache)

    def test_another_manifest_than_the_digest_says_is_refused(self, registry, cache):
        registry.files[f"/v2/team/m/manifests/{registry.digest}"] += b" "
        with pytest.raises(BundleError, match="the registry answered with another manifest"):
            fetch(f"oci://{registry.host}/team/m@{registry.digest}", cache)

    def test_another_layer_than_its_digest_says_is_refused(self, registry, bundle, tmp_path, cache):
        registry.push("team/packed", "1", {"m.tar.gz": packed(bundle.path, tmp_path / "m.tar.gz").read_bytes()})
        blob = next(path for path in registry.files if path.startswith("/v2/team/packed/blobs"))
        registry.files[blob] += b"?"
        with pytest.raises(BundleError, match="has sha256"):
            fetch(f"oci://{registry.host}/team/packed:1", cache)

    def test_without_a_login_there_is_no_token(self, registry, cache, monkeypatch, tmp_path):
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nowhere"))
        with pytest.raises(BundleError, match="answered 401"):
            fetch(f"oci://{registry.host}/team/m:1", cache)

    @pytest.mark.parametrize("source", ["oci://host", "oci://"])
    def test_an_address_without_a_repository_is_refused(self, cache, source):
        with pytest.raises(BundleError, match="names no repository"):
            fetch(source, cache)


def test_a_store_of_another_kind_is_refused(cache):
    with pytest.raises(BundleError, match="there is no store of kind ftp"):
        fetch("ftp://host/m.onnx", cache)


def test_a_missing_library_is_named_with_its_extra(cache, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(BundleError, match=r"needs boto3, which is not installed.\n  Install modelport-server\[s3\]"):
        fetch("s3://models/m.onnx", cache)
