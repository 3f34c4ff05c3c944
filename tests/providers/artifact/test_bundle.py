"""A bundle comes to every kind of store whole, once, and as the server takes it."""

import json
import shutil
import tarfile
import threading

import boto3
import grpc
import pytest
from support.plugin import Engine, Plugin

from modelport.bundle import BundleError, load
from modelport.errors import ModelportError
from modelport.providers.artifact import ArtifactBundle
from modelport.providers.crud import UNKNOWN
from modelport.targets.artifact import bundle_inputs
from modelport_server.bundle import verify
from modelport_server.bundle.sources import fetch

KIND = "modelport:artifact:Bundle"
RESOURCE = ArtifactBundle()
FEW = 30_000  # bytes of requests that ask and send nothing
SLICE = 8 << 20
OLD = {"bundle": "/a", "digest": f"sha256:{'0' * 64}", "target": "s3://b/p", "prune": False, "tags": {}}


def hex_of(bundle):
    return bundle.digest.removeprefix("sha256:")


def test_a_server_takes_what_was_written(place, up, bundle, tmp_path):
    uri = up(bundle, place)["uri"]
    [path] = fetch(uri, tmp_path / "models")
    assert verify(path).digest == bundle.digest
    assert (path / "sample.json").read_bytes() == (bundle.path / "sample.json").read_bytes()


def test_the_address_holds_the_digest(place, up, small):
    outputs = up(small, place)
    if place.target.startswith("oci://"):
        assert outputs["uri"].startswith(f"{place.target}@sha256:")
    else:
        assert outputs["uri"] == f"{place.target}/{hex_of(small)}"


def test_a_second_run_sends_nothing(remote, up, bundle):
    first = up(bundle, remote)
    assert remote.wire.sent > bundle.size
    remote.wire.count_again()
    assert up(bundle, remote) == first
    assert remote.wire.sent < FEW


def test_a_second_run_writes_no_file_of_a_folder_again(volume, up, small):
    up(small, volume)
    before = {name: (volume.target, name) for name in volume.names()}
    stamps = {path: path.stat().st_mtime_ns for path in small.path.parent.rglob("*") if path.is_file()}
    up(small, volume)
    assert {name: (volume.target, name) for name in volume.names()} == before
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


@pytest.mark.parametrize("kind", ["s3", "gs", "azblob", "oci"])
def test_a_transfer_that_breaks_off_goes_on(kind, request, up, bundle, tmp_path):
    place = request.getfixturevalue(kind)
    place.wire.cuts = [20 << 20, 10 << 20, 5 << 20]
    uri = up(bundle, place)["uri"]
    assert place.wire.cuts == []
    [path] = fetch(uri, tmp_path / "models")
    assert path.name == hex_of(bundle)


class TestKilled:
    """The provider's process is killed while it sends."""

    @pytest.fixture
    def run(self, tmp_path):
        """Create a bundle in a plugin of its own, which is killed when `until` is set."""
        (tmp_path / "project").mkdir()

        def run(bundle, place, until=None):
            asked = {"bundle": str(bundle.path), "digest": bundle.digest, "target": place.target}
            with Engine() as engine, Plugin(engine.address, tmp_path / "project") as plugin:
                checked, failures = plugin.check(asked, kind=KIND)
                assert failures == {}
                if until is None:
                    return plugin.create(checked, kind=KIND)[1]
                ended = []

                def create():
                    with pytest.raises(grpc.RpcError):
                        plugin.create(checked, kind=KIND)
                    ended.append(True)

                thread = threading.Thread(target=create)
                thread.start()
                assert until.wait(60)
                plugin._process.kill()
                thread.join(60)
                assert ended
                return None

        return run

    @pytest.mark.parametrize(("kind", "again"), [("s3", 20), ("gs", 16), ("azblob", 20), ("oci", 16)])
    def test_the_next_run_sends_only_what_is_missing(self, kind, again, request, run, bundle, tmp_path):
        place = request.getfixturevalue(kind)
        place.wire.stop_after = 25 << 20
        run(bundle, place, until=place.wire.stopped)
        place.wire.count_again()
        uri = run(bundle, place)["uri"]
        assert place.wire.sent < (again << 20) + FEW + bundle.model.stat().st_size < bundle.size
        [path] = fetch(uri, tmp_path / "models")
        assert path.name == hex_of(bundle)

    def test_what_was_sent_is_no_bundle_yet(self, remote, run, bundle, tmp_path):
        remote.wire.stop_after = 25 << 20
        run(bundle, remote, until=remote.wire.stopped)
        remote.wire.count_again()
        half = f"{remote.target}/{hex_of(bundle)}"
        if remote.target.startswith("oci://"):
            half = f"{remote.target}:{hex_of(bundle)}"
        with pytest.raises(Exception, match=r"there is no such|has no bundle.json"):
            fetch(half, tmp_path / "models")
        assert run(bundle, remote)["digest"] == bundle.digest

    def test_an_upload_that_is_superseded_is_aborted(self, s3, run, bundle):
        s3.wire.stop_after = 25 << 20
        run(bundle, s3, until=s3.wire.stopped)
        s3.wire.count_again()
        bucket = s3.target.split("/")[2]
        [found] = s3.cloud.list_multipart_uploads(Bucket=bucket)["Uploads"]
        assert found["Key"].endswith("model/weights.bin")
        s3.cloud.create_multipart_upload(Bucket=bucket, Key=found["Key"])
        run(bundle, s3)
        assert "Uploads" not in s3.cloud.list_multipart_uploads(Bucket=bucket)

    def test_parts_of_another_content_are_not_taken(self, s3, run, bundle, tmp_path):
        bucket, _, prefix = s3.target.removeprefix("s3://").partition("/")
        where = {"Bucket": bucket, "Key": f"{prefix}/{hex_of(bundle)}/model/weights.bin"}
        upload = s3.cloud.create_multipart_upload(**where)["UploadId"]
        s3.cloud.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x" * SLICE)
        [path] = fetch(run(bundle, s3)["uri"], tmp_path / "models")
        assert path.name == hex_of(bundle)


class TestWrong:
    def test_another_digest_is_refused_and_nothing_is_sent(self, remote, up, small, other):
        with pytest.raises(BundleError, match=f"holds {small.digest}, wanted is {other.digest}"):
            up(small, remote, digest=other.digest)
        assert remote.wire.sent == 0

    def test_a_damaged_bundle_is_refused_and_nothing_is_sent(self, remote, up, small, tmp_path):
        damaged = shutil.copytree(small.path, tmp_path / "damaged")
        (damaged / "model" / "model.onnx").write_bytes(b"?")
        with pytest.raises(BundleError, match="differs from its digest"):
            up(small, remote, bundle=str(damaged))
        assert remote.wire.sent == 0

    @pytest.mark.parametrize("kind", ["s3", "gs", "azblob", "volume"])
    def test_what_was_changed_there_is_made_good(self, kind, request, up, small, tmp_path):
        place = request.getfixturevalue(kind)
        outputs = up(small, place)
        place.damage("model/model.onnx")
        assert RESOURCE.read(outputs["uri"], outputs) is None
        up(small, place)
        assert RESOURCE.read(outputs["uri"], outputs) == outputs
        [path] = fetch(outputs["uri"], tmp_path / "models")
        assert path.name == hex_of(small)

    @pytest.mark.parametrize("kind", ["gs", "azblob", "oci"])
    def test_a_store_that_keeps_something_else_is_noticed(self, kind, request, up, small, monkeypatch):
        place = request.getfixturevalue(kind)
        take = place.cloud.take

        def flipped(asked):
            if asked.headers.get("content-type") != "application/json" and asked.method == "PUT":
                asked.body = asked.body.replace(b"y", b"z")
            return take(asked)

        monkeypatch.setattr(place.cloud, "take", flipped)
        with pytest.raises(BundleError, match=r"answered 400|has not kept|kept something else"):
            up(small, place)

    @pytest.mark.parametrize(
        ("kind", "status", "reason"),
        [("gs", 403, "answered 403"), ("azblob", 403, "answered 403"), ("oci", 403, "answered 403")],
    )
    def test_a_refusal_is_not_repeated(self, kind, status, reason, request, up, small):
        place = request.getfixturevalue(kind)
        place.cloud.first = [(status, {})]
        with pytest.raises(BundleError, match=reason):
            up(small, place)

    def test_it_is_asked_where_the_bucket_is(self, s3, up, small, monkeypatch):
        asked, real = [], boto3.client
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setattr(boto3, "client", lambda *args, **more: asked.append(more) or real(*args, **more))
        outputs = up(small, s3, region="us-east-1", prune=True)
        RESOURCE.read(outputs["uri"], outputs)
        RESOURCE.delete(outputs["uri"], outputs, print)
        assert {each["region_name"] for each in asked} == {"us-east-1"} and len(asked) >= 3
        assert RESOURCE.diff(outputs, {**outputs, "region": "eu-west-1"}).replaces == ()

    def test_a_missing_bucket_is_named(self, s3, up, small):
        s3.target = "s3://nowhere-at-all/models"
        with pytest.raises(BundleError, match=r"s3://nowhere-at-all/models/.*\n  there is no such"):
            up(small, s3)

    @pytest.mark.parametrize("kind", ["gs", "azblob", "oci"])
    def test_a_store_that_is_busy_is_asked_again_after_its_time(self, kind, request, up, small, monkeypatch):
        place, waits = request.getfixturevalue(kind), []
        monkeypatch.setattr("time.sleep", waits.append)
        place.cloud.first = [(429, {"Retry-After": "7"}), (503, {})]
        assert up(small, place)["digest"] == small.digest
        assert waits[0] == 7
        assert len(waits) == 2


class TestLife:
    def test_what_is_there_is_read_as_it_was_left(self, place, up, small):
        outputs = up(small, place)
        assert RESOURCE.read(outputs["uri"], outputs) == outputs

    @pytest.mark.parametrize("kind", ["s3", "gs", "azblob", "oci", "volume"])
    def test_what_has_vanished_is_gone(self, kind, request, up, small):
        place = request.getfixturevalue(kind)
        outputs = up(small, place)
        place.drop("bundle.json")
        assert RESOURCE.read(outputs["uri"], outputs) is None

    @pytest.mark.parametrize("prune", [False, True])
    def test_deleting_keeps_it_unless_it_is_to_be_pruned(self, place, up, small, prune):
        outputs = up(small, place, prune=prune)
        RESOURCE.delete(outputs["uri"], outputs, print)
        assert (RESOURCE.read(outputs["uri"], outputs) is None) == prune
        RESOURCE.delete(outputs["uri"], outputs, print)

    def test_a_pruned_folder_leaves_nothing(self, volume, up, small):
        outputs = up(small, volume, prune=True)
        RESOURCE.delete(outputs["uri"], outputs, print)
        assert volume.names() == set()

    def test_another_sample_is_sent_alone(self, remote, up, small, tmp_path):
        up(small, remote)
        changed = shutil.copytree(small.path, tmp_path / "changed")
        sample = json.loads((changed / "sample.json").read_text())
        (changed / "sample.json").write_text(json.dumps({**sample, "id": "another"}))
        outputs = up(small, remote, bundle=str(changed), revision="2")
        [path] = fetch(outputs["uri"], tmp_path / "models")
        assert json.loads((path / "sample.json").read_text())["id"] == "another"

    def test_a_signature_goes_along(self, place, up, small, tmp_path):
        signed = shutil.copytree(small.path, tmp_path / "signed")
        (signed / "bundle.json.sig").write_text("c2lnbmVk\n")
        [path] = fetch(up(small, place, bundle=str(signed))["uri"], tmp_path / "models")
        assert (path / "bundle.json.sig").read_text() == "c2lnbmVk\n"

    def test_a_baseline_goes_along(self, place, up, small, tmp_path):
        watched = shutil.copytree(small.path, tmp_path / "watched")
        baseline = {"format": 1, "digest": small.digest, "rows": 1, "features": []}
        (watched / "baseline.json").write_text(json.dumps(baseline))
        before = bundle_inputs(small)["revision"]
        assert bundle_inputs(load(watched))["revision"] != before
        [path] = fetch(up(small, place, bundle=str(watched))["uri"], tmp_path / "models")
        assert json.loads((path / "baseline.json").read_text()) == baseline

    def test_it_cannot_be_imported_as_it_is_adopted_anyway(self):
        with pytest.raises(ModelportError, match="what is there is adopted"):
            RESOURCE.read("s3://models/x", {})

    def test_no_secret_is_in_outputs_or_messages(self, remote, small, capsys):
        asked = {"bundle": str(small.path), "digest": small.digest, "target": remote.target}
        said = []
        outputs = RESOURCE.create(RESOURCE.check(asked)[0], said.append)
        shown = json.dumps(outputs) + "".join(said) + "".join(capsys.readouterr())
        assert not [secret for secret in remote.secrets if secret in shown]


class TestPacked:
    """One archive, for platforms that unpack it."""

    @pytest.mark.parametrize("kind", ["s3", "gs", "azblob", "volume"])
    def test_it_holds_the_bundle_and_nothing_lies_beside_it(self, kind, request, up, small, tmp_path):
        place = request.getfixturevalue(kind)
        uri = up(small, place, packed=True)["uri"]
        assert uri == f"{place.target}/{hex_of(small)}/model.tar.gz"
        assert {name.rpartition("/")[2] for name in place.names()} == {"model.tar.gz"}
        [path] = fetch(uri, tmp_path / "models")
        assert verify(path).digest == small.digest
        assert (path / "sample.json").read_bytes() == (small.path / "sample.json").read_bytes()

    def test_its_files_are_at_the_top_and_anyone_can_read_them(self, volume, up, small):
        with tarfile.open(up(small, volume, packed=True)["uri"]) as archive:
            members = {each.name: each.mode for each in archive.getmembers()}
        assert {"bundle.json", "sample.json", "model/model.onnx"} <= members.keys()
        assert set(members.values()) == {0o644}

    def test_a_second_run_sends_nothing(self, s3, up, bundle):
        first = up(bundle, s3, packed=True)
        s3.wire.count_again()
        assert up(bundle, s3, packed=True) == first
        assert s3.wire.sent < FEW

    def test_it_is_read_changed_and_deleted_like_another(self, s3, up, small):
        outputs = up(small, s3, packed=True, prune=True)
        assert RESOURCE.read(outputs["uri"], outputs) == outputs
        s3.damage("model.tar.gz")
        assert RESOURCE.read(outputs["uri"], outputs) is None
        RESOURCE.delete(outputs["uri"], outputs, print)
        assert s3.names() == set()

    def test_a_preview_knows_its_address(self):
        assert RESOURCE.plan({}, {**OLD, "packed": True})["uri"] == f"s3://b/p/{'0' * 64}/model.tar.gz"

    def test_it_is_another_artefact_than_the_files(self):
        assert RESOURCE.diff(OLD, {**OLD, "packed": True}).replaces == ("packed",)

    def test_a_registry_takes_none(self):
        _, failures = RESOURCE.check({**OLD, "target": "oci://host.example/models", "packed": True})
        assert [failure.property for failure in failures] == ["packed"]


class TestDiff:
    @pytest.mark.parametrize(
        ("name", "value"), [("digest", f"sha256:{'1' * 64}"), ("target", "s3://b/q"), ("digest", UNKNOWN)]
    )
    def test_another_content_or_place_is_another_artefact(self, name, value):
        assert RESOURCE.diff(OLD, {**OLD, name: value}).replaces == (name,)

    @pytest.mark.parametrize(("name", "value"), [("prune", True), ("tags", {"a": "b"}), ("revision", "2")])
    def test_anything_else_is_an_update(self, name, value):
        changes = RESOURCE.diff(OLD, {**OLD, name: value})
        assert (changes.properties, changes.replaces) == ((name,), ())

    def test_from_where_it_came_is_no_change(self):
        assert RESOURCE.diff(OLD, {**OLD, "bundle": "/elsewhere"}).properties == ()

    def test_a_preview_knows_the_address_that_creating_it_gives(self, place, up, small):
        asked = {**bundle_inputs(small), "target": place.target}
        assert RESOURCE.plan({}, RESOURCE.check(asked)[0])["uri"] == up(small, place)["uri"]

    def test_a_preview_knows_the_address_and_contacts_nothing(self):
        assert RESOURCE.plan({}, OLD)["uri"] == f"s3://b/p/{'0' * 64}"
        assert RESOURCE.plan({}, {**OLD, "target": "oci://h:1/r"})["uri"] == UNKNOWN
        assert RESOURCE.plan({}, {**OLD, "digest": UNKNOWN})["uri"] == UNKNOWN

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("digest", "sha256:1"),
            ("target", "ftp://host/models"),
            ("target", "models"),
            ("target", "s3://"),
            ("target", "azblob://account"),
            ("target", "azblob://account/models?sig=x"),
            ("target", "gs://user:secret@models"),
            ("target", "oci://host.example/team/models:1"),
            ("target", "oci://host.example"),
            ("bundle", "relative"),
            ("prune", "perhaps"),
            ("taget", "x"),
        ],
    )
    def test_an_input_that_cannot_be_used_is_named(self, name, value):
        _, failures = RESOURCE.check({**OLD, name: value})
        assert [failure.property for failure in failures] == [name]
        assert "secret" not in failures[0].reason
