"""An image comes to a registry whole, once, with all of its platforms, by digest."""

import json
import re
import subprocess
import sys
import tracemalloc

import pytest
from support import clouds
from support.registry import registry
from support.wire import Wire

from modelport.bundle import BundleError
from modelport.errors import ModelportError
from modelport.providers.artifact import ArtifactImage, push
from modelport.providers.crud import UNKNOWN

from . import images

RESOURCE = ArtifactImage()
FEW = 30_000
RUN = """
import json, os, signal, sys
from modelport.providers.artifact import ArtifactImage, push

push.CHUNK = 4 << 20
sent = push._Push._patch
left = int(sys.argv[2])

def killed_after(self, start, chunk):
    global left
    sent(self, start, chunk)
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

push._Push._patch = killed_after
ArtifactImage().create(json.loads(sys.argv[1]), print)
"""


@pytest.fixture
def layout(tmp_path):
    """An image for two platforms, which share a layer; the largest has 20 MiB."""
    return images.of_two_platforms(tmp_path / "layout")


class Registry:
    """A registry behind a wire; `repository` makes the name of one of its repositories."""

    def __init__(self, wire, cloud=None):
        self.wire, self.cloud = wire, cloud
        self.host = f"127.0.0.1:{wire.port}"

    def repository(self, name="team/server"):
        return f"{self.host}/{name}"


@pytest.fixture
def strict(services):
    cloud = services.enter_context(clouds.serving(clouds.Oci()))
    return Registry(services.enter_context(Wire(cloud.port)), cloud)


@pytest.fixture
def real(services, tmp_path):
    return Registry(services.enter_context(Wire(services.enter_context(registry(tmp_path / "registry")))))


@pytest.fixture(params=["strict", pytest.param("real", marks=pytest.mark.program("docker-registry"))])
def target(request):
    return request.getfixturevalue(request.param)


def copy(source, digest, repository, said=None, **more):
    checked, failures = RESOURCE.check({"source": str(source), "digest": digest, "repository": repository, **more})
    assert failures == []
    return RESOURCE.create(checked, (said if said is not None else []).append)[1]


class TestCopy:
    def test_an_index_comes_with_all_of_its_platforms(self, layout, target):
        outputs = copy(layout.path, layout.digest, target.repository())
        assert outputs["reference"] == f"{target.repository()}@{layout.digest}"
        assert outputs["platforms"] == ["linux/amd64", "linux/arm64"]
        assert outputs["size"] > 20 << 20
        assert RESOURCE.read(outputs["reference"], outputs) == outputs

    def test_what_came_is_an_image_for_the_next_copy(self, layout, target):
        first = copy(layout.path, layout.digest, target.repository())
        for source in (first["reference"], f"{target.repository()}:{layout.digest[7:]}"):
            target.wire.count_again()
            second = copy(source, layout.digest, target.repository("team/mirror"))
            assert second["size"] == first["size"]
            assert target.wire.sent < FEW  # taken from the other repository, by the registry itself

    def test_a_registry_that_mounts_nothing_gets_the_bytes(self, layout, strict):
        strict.cloud.mounts = False
        first = copy(layout.path, layout.digest, strict.repository())
        second = copy(first["reference"], layout.digest, strict.repository("team/mirror"))
        assert second["size"] == first["size"]
        assert (("team/mirror", layout.digest)) in strict.cloud.manifests

    def test_another_registry_gets_it_from_the_first(self, layout, target, services):
        there = services.enter_context(clouds.serving(clouds.Oci()))
        first = copy(layout.path, layout.digest, target.repository())
        second = copy(first["reference"], layout.digest, f"127.0.0.1:{there.port}/mirror")
        assert second["platforms"] == first["platforms"]

    def test_a_second_run_sends_nothing_and_needs_no_source(self, layout, target, tmp_path):
        first = copy(layout.path, layout.digest, target.repository())
        target.wire.count_again()
        assert copy(tmp_path / "gone", layout.digest, target.repository()) == {
            **first,
            "source": str(tmp_path / "gone"),
        }
        assert target.wire.sent < FEW

    @pytest.mark.parametrize(("kind", "index"), [(images.OCI, images.INDEX), (images.DOCKER, images.DOCKER_LIST)])
    def test_media_types_of_oci_and_of_docker(self, tmp_path, target, kind, index):
        layout = images.Layout(tmp_path / "layout")
        one = layout.image([b"layer"], "arm64", kind)
        assert copy(layout.path, one["digest"], target.repository("one"))["platforms"] == ["linux/arm64"]
        layout.index(one, kind=index)
        assert copy(f"oci-layout:{layout.path}", layout.digest, target.repository("two"))["platforms"] == [
            "linux/arm64"
        ]

    def test_an_image_that_does_not_run_there_is_not_brought(self, layout, target):
        outputs = copy(layout.path, layout.digest, target.repository("both"), platform="linux/arm64")
        elsewhere = {**outputs, "platform": "linux/riscv64", "repository": target.repository("none")}
        inputs = {name: elsewhere[name] for name in RESOURCE.inputs if name in elsewhere}
        with pytest.raises(
            ModelportError, match=r"does not run on linux/riscv64\. Its platforms: linux/amd64, linux/arm64"
        ):
            RESOURCE.create({**inputs, "source": outputs["reference"]}, print)
        assert RESOURCE.read(f"{target.repository('none')}@{layout.digest}", elsewhere) is None

    def test_a_layer_with_an_address_of_its_own_is_left_there(self, tmp_path, strict):
        layout = images.Layout(tmp_path / "layout")
        foreign = {"mediaType": "x", "digest": f"sha256:{'1' * 64}", "size": 9, "urls": ["https://example.com/x"]}
        layout.image([b"layer", foreign])
        assert copy(layout.path, layout.digest, strict.repository())["digest"] == layout.digest

    def test_an_empty_layer(self, tmp_path, target):
        layout = images.Layout(tmp_path / "layout")
        layout.image([b""])
        assert copy(layout.path, layout.digest, target.repository())["digest"] == layout.digest

    def test_it_bears_the_tag_that_is_asked_for(self, layout, strict):
        copy(layout.path, layout.digest, strict.repository(), tag="v1")
        assert {name for _, name in strict.cloud.manifests if not name.startswith("sha256:")} == {"v1"}


class TestInterrupted:
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch):
        monkeypatch.setattr(push, "CHUNK", 4 << 20)

    def test_a_transfer_that_breaks_off_goes_on(self, layout, target):
        target.wire.cuts = [14 << 20, 6 << 20]
        assert copy(layout.path, layout.digest, target.repository())["digest"] == layout.digest
        assert target.wire.cuts == []

    def test_a_run_that_was_killed_is_continued(self, layout, target):
        asked = {"source": str(layout.path), "digest": layout.digest, "repository": target.repository()}
        inputs = json.dumps(RESOURCE.check(asked)[0])
        killed = subprocess.run([sys.executable, "-c", RUN, inputs, "3"], timeout=100, capture_output=True, text=True)
        assert killed.returncode == -9, killed.stderr
        assert target.wire.sent > 12 << 20
        target.wire.count_again()
        copy(layout.path, layout.digest, target.repository())
        assert target.wire.sent < (8 << 20) + FEW

    def test_a_session_that_has_ended_begins_again(self, layout, strict):
        asked = {"source": str(layout.path), "digest": layout.digest, "repository": strict.repository()}
        subprocess.run([sys.executable, "-c", RUN, json.dumps(RESOURCE.check(asked)[0]), "3"], timeout=100)
        strict.cloud.sessions.clear()
        assert copy(layout.path, layout.digest, strict.repository())["digest"] == layout.digest

    @pytest.mark.parametrize("chunks", ["refused", "dropped"])
    def test_a_registry_without_chunks_gets_the_whole(self, layout, strict, chunks):
        strict.cloud.chunks = chunks
        assert copy(layout.path, layout.digest, strict.repository())["digest"] == layout.digest
        assert strict.cloud.sessions == {}

    def test_chunks_are_as_large_as_the_registry_wants_them(self, layout, strict):
        strict.cloud.least = 15 << 20
        copy(layout.path, layout.digest, strict.repository())
        assert len([asked for asked in strict.cloud.asked if asked.startswith("PATCH")]) == 2

    @pytest.mark.program("docker-registry")
    @pytest.mark.parametrize("whole", [False, True])
    def test_no_layer_is_held_in_memory(self, layout, real, monkeypatch, whole):
        monkeypatch.setattr(push, "CHUNK", 1 << 20)
        if whole:
            monkeypatch.setattr(push, "WHOLE_ONLY", re.compile(".*"))
        tracemalloc.start()
        try:
            copy(layout.path, layout.digest, real.repository())
            assert tracemalloc.get_traced_memory()[1] < 8 << 20  # the largest layer has 20 MiB
        finally:
            tracemalloc.stop()

    def test_nothing_is_left_of_an_upload_that_is_done(self, layout, strict, tmp_path):
        copy(layout.path, layout.digest, strict.repository())
        assert list((tmp_path / "cache" / "modelport" / "uploads").iterdir()) == []


class TestWrong:
    def test_a_digest_that_is_not_there_is_refused(self, layout, target):
        wrong = f"sha256:{'0' * 64}"
        with pytest.raises(BundleError, match=f"holds no {wrong}. Its images: {layout.digest}"):
            copy(layout.path, wrong, target.repository())
        copy(layout.path, layout.digest, target.repository(), tag="v1")
        with pytest.raises(BundleError, match=f"has no image {wrong}; v1 is {layout.digest}"):
            copy(f"{target.repository()}:v1", wrong, target.repository("mirror"))

    def test_a_manifest_of_another_digest_is_refused(self, layout, strict):
        layout.damage(layout.digest)
        with pytest.raises(BundleError, match=f"gives a manifest of digest .*, wanted is {layout.digest}"):
            copy(layout.path, layout.digest, strict.repository())
        assert strict.cloud.received == 0

    @pytest.mark.parametrize("chunk", [4 << 20, 64 << 20])
    def test_a_layer_of_another_digest_is_never_whole_there(self, layout, strict, monkeypatch, chunk):
        monkeypatch.setattr(push, "CHUNK", chunk)
        large = next(file for file in (layout.path / "blobs" / "sha256").iterdir() if file.stat().st_size > 10 << 20)
        layout.damage(large.name)
        with pytest.raises(BundleError, match=rf"gives .* for sha256:{large.name}"):
            copy(layout.path, layout.digest, strict.repository())
        assert not strict.cloud.manifests
        assert ("team/server", f"sha256:{large.name}") not in strict.cloud.blobs
        assert strict.cloud.sessions == {}

    def test_a_missing_layer_is_named(self, layout, strict):
        large = next(file for file in (layout.path / "blobs" / "sha256").iterdir() if file.stat().st_size > 10 << 20)
        large.unlink()
        with pytest.raises(BundleError, match=f"lacks the blob sha256:{large.name}"):
            copy(layout.path, layout.digest, strict.repository())

    def test_a_folder_that_is_no_layout_is_named(self, tmp_path, strict):
        with pytest.raises(BundleError, match=r"is no OCI layout: it has no index\.json"):
            copy(tmp_path, f"sha256:{'0' * 64}", strict.repository())

    @pytest.mark.parametrize(
        "said",
        [
            b"[]", b"{", b"{}",
            b'{"schemaVersion": 1, "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}',
            b'{"schemaVersion": 2, "config": {"digest": "sha256:../../etc/passwd", "size": 1}, "layers": []}',
            b'{"schemaVersion": 2, "config": {"digest": 1, "size": -1}, "layers": []}',
            b'{"schemaVersion": 2, "manifests": "none"}',
        ],
    )  # fmt: skip
    def test_what_is_no_image_is_refused(self, tmp_path, strict, said):
        layout = images.Layout(tmp_path / "layout")
        layout.image([b"layer"])
        made = layout.blob(said, images.OCI)
        with pytest.raises(BundleError, match="is no image that can be copied"):
            copy(layout.path, made["digest"], strict.repository())

    def test_the_registry_says_why_it_refuses(self, layout, strict):
        strict.cloud.guard = lambda asked: (
            (403, {}, json.dumps({"errors": [{"code": "DENIED", "message": "the repository is read-only."}]}).encode())
            if asked.method == "POST"
            else None
        )
        with pytest.raises(BundleError, match=r"answered 403 Forbidden: the repository is read-only\."):
            copy(layout.path, layout.digest, strict.repository())

    def test_a_registry_that_nobody_answers_for_is_given_up(self, layout):
        with pytest.raises(BundleError, match="broke off 6 times"):
            copy(layout.path, layout.digest, "127.0.0.1:9/team/server")


class TestLife:
    def test_what_has_vanished_is_gone(self, layout, strict):
        outputs = copy(layout.path, layout.digest, strict.repository())
        strict.cloud.manifests.clear()
        assert RESOURCE.read(outputs["reference"], outputs) is None

    def test_a_tag_that_was_moved_is_set_again(self, layout, strict):
        outputs = copy(layout.path, layout.digest, strict.repository(), tag="v1")
        del strict.cloud.manifests["team/server", "v1"]
        found = RESOURCE.read(outputs["reference"], outputs)
        inputs = {name: outputs[name] for name in RESOURCE.inputs if name in outputs}
        assert RESOURCE.diff(found, inputs).properties == ("tag",)
        RESOURCE.update(outputs["reference"], inputs, print)
        assert RESOURCE.read(outputs["reference"], outputs) == outputs

    @pytest.mark.parametrize("prune", [False, True])
    def test_deleting_keeps_it_unless_it_is_to_be_pruned(self, layout, target, prune):
        outputs = copy(layout.path, layout.digest, target.repository(), prune=prune)
        RESOURCE.delete(outputs["reference"], outputs, print)
        assert (RESOURCE.read(outputs["reference"], outputs) is None) == prune
        RESOURCE.delete(outputs["reference"], outputs, print)

    def test_it_cannot_be_imported_as_it_is_adopted_anyway(self):
        with pytest.raises(ModelportError, match="what is there is adopted"):
            RESOURCE.read("host.example/team/server@sha256:1", {})

    def test_a_long_copy_says_how_far_it_is(self, layout, strict, monkeypatch):
        monkeypatch.setattr("modelport.providers.artifact.progress.SAY_AFTER_SECONDS", -1)
        said = []
        copy(layout.path, layout.digest, strict.repository(), said)
        assert said[-1] == f"image {layout.digest[7:19]}: 21 of 21 MB are there"


OLD = {
    "source": "/a",
    "digest": f"sha256:{'0' * 64}",
    "repository": "registry.example/team/server",
    "prune": False,
    "tags": {},
}


@pytest.mark.parametrize(("name", "value"), [("digest", f"sha256:{'1' * 64}"), ("repository", "other.example/server")])
def test_another_image_or_place_is_another_artefact(name, value):
    assert RESOURCE.diff(OLD, {**OLD, name: value}).replaces == (name,)


@pytest.mark.parametrize(
    ("name", "value"), [("tag", "v1"), ("prune", True), ("tags", {"a": "b"}), ("platform", "linux/amd64")]
)
def test_anything_else_is_an_update(name, value):
    changes = RESOURCE.diff(OLD, {**OLD, name: value})
    assert (changes.properties, changes.replaces) == ((name,), ())


def test_from_where_it_came_is_no_change():
    assert RESOURCE.diff(OLD, {**OLD, "source": "/elsewhere"}).properties == ()


def test_a_preview_knows_the_reference_and_contacts_nothing():
    planned = RESOURCE.plan({}, OLD)
    assert planned["reference"] == f"registry.example/team/server@sha256:{'0' * 64}"
    assert planned["platforms"] == UNKNOWN
    assert RESOURCE.plan({}, {**OLD, "digest": UNKNOWN})["reference"] == UNKNOWN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "sha256:1"),
        ("source", "relative/layout"),
        ("source", "oci-layout:relative"),
        ("source", "registry.example/team/server"),
        ("source", "registry.example/Team/server:1"),
        ("source", "ubuntu:24.04"),
        ("source", "user:secret@registry.example/server:1"),
        ("repository", "registry.example/team/server:1"),
        ("repository", "team/server"),
        ("repository", "https://registry.example/server"),
        ("tag", "no tag"),
        ("prune", "perhaps"),
        ("platform", "amd64"),
        ("repo", "x"),
    ],
)
def test_an_input_that_cannot_be_used_is_named(name, value):
    _, failures = RESOURCE.check({**OLD, name: value})
    assert [failure.property for failure in failures] == [name]
    assert "secret" not in failures[0].reason


def test_a_source_of_another_digest_is_refused():
    source = f"registry.example/team/server@sha256:{'1' * 64}"
    _, failures = RESOURCE.check({**OLD, "source": source})
    assert [failure.property for failure in failures] == ["source"]
    assert "digest says" in failures[0].reason


@pytest.mark.parametrize(
    ("platform", "digest", "reason"),
    [
        ("linux/riscv64", None, "does not run on linux/riscv64. Its platforms: linux/amd64, linux/arm64"),
        ("linux/amd64", f"sha256:{'1' * 64}", "holds no sha256:1111"),
        ("linux/amd64", None, ""),
        ("linux/riscv64", UNKNOWN, ""),
    ],
)
def test_a_preview_knows_what_an_image_in_a_folder_runs_on(layout, platform, digest, reason):
    inputs = {"source": str(layout.path), "digest": digest or layout.digest, "repository": OLD["repository"]}
    _, failures = RESOURCE.check({**inputs, "platform": platform})
    assert [failure.property for failure in failures] == (["source"] if reason else [])
    assert all(reason in failure.reason for failure in failures)
