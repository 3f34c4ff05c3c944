"""Artefacts in whole stacks on the embedded engine, with the plugin."""

import base64
import json

import pytest
from support import clouds
from support.nurseries import lent
from support.stack import Stack

from modelport_engine import deployment
from modelport_engine.projects.project import Project

from . import images

PROGRAM = """
import json
from pathlib import Path

import pulumi
from modelport import ArtifactBundle, ArtifactImage
from modelport.bundle import load
from modelport.targets.artifact import bundle_inputs

asked = json.loads(Path("asked.json").read_text())
image = ArtifactImage("server", asked["image"])
bundles = [
    ArtifactBundle(f"model-{number}", {**bundle_inputs(load(Path(asked["bundle"]))), "target": target})
    for number, target in enumerate(asked["targets"])
]
pulumi.export("image", image.reference)
pulumi.export("models", [bundle.uri for bundle in bundles])
"""


@pytest.fixture
def registry(services, tmp_path):
    """A registry with a password, which the login file has."""
    cloud = services.enter_context(clouds.serving(clouds.Oci()))
    password = "Basic " + base64.b64encode(b"me:hunter2").decode()
    refused = 401, {"WWW-Authenticate": 'Basic realm="here"'}, b""
    cloud.guard = lambda asked: None if asked.headers.get("authorization") == password else refused
    cloud.host = f"127.0.0.1:{cloud.port}"
    (tmp_path / "docker").mkdir()
    auths = {cloud.host: {"auth": password.removeprefix("Basic ")}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": auths}))
    return cloud


@pytest.fixture
def dev(registry, gs, azblob, s3, small, tmp_path):
    """A stack with an image and a bundle in every kind of store."""
    layout = images.of_two_platforms(tmp_path / "layout")
    places = [gs, azblob, s3]
    with Stack(tmp_path / "project", PROGRAM) as stack:
        stack.asked = {
            "image": {
                "source": str(layout.path),
                "digest": layout.digest,
                "repository": f"{registry.host}/team/server",
            },
            "bundle": str(small.path),
            "targets": [*(place.target for place in places), f"oci://{registry.host}/team/models"],
        }
        stack.ask = lambda: (stack.folder / "asked.json").write_text(json.dumps(stack.asked))
        stack.ask()
        stack.layout = layout
        stack.secrets = {"hunter2", "bWU6aHVudGVyMg", *(secret for place in places for secret in place.secrets)}
        yield stack


def run(stack, command):
    events = []
    options = deployment.Options(nursery=lent())
    perform, project = getattr(deployment, command), Project.load(stack.folder)
    result = perform(project, "dev", options, on_event=events.append, env=stack.env)
    return result, events


def files_of(folder):
    return "".join(path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file())


def test_one_up_brings_all_there_and_a_second_sends_nothing(dev, registry):
    result, events = run(dev, "up")
    assert result.exit_code == 0, events
    assert result.outputs["image"] == f"{registry.host}/team/server@{dev.layout.digest}"
    assert len(set(result.outputs["models"])) == 4
    received = registry.received
    assert set(run(dev, "up")[0].changes) == {"same"}
    assert set(run(dev, "refresh")[0].changes) == {"same"}
    assert registry.received == received


def test_no_secret_is_in_state_events_or_outputs(dev):
    shown = ""
    for command in ("preview", "up", "refresh", "up"):
        result, events = run(dev, command)
        shown += json.dumps(events) + json.dumps(result.outputs)
    shown += files_of(dev.folder)
    assert dev.layout.digest in shown
    assert {secret for secret in dev.secrets if secret in shown} == set()


def test_no_secret_is_in_errors(dev, registry, gs, azblob):
    registry.first = gs.cloud.first = azblob.cloud.first = [(403, {})] * 20
    result, events = run(dev, "up")
    assert result.exit_code == 1
    shown = json.dumps(events) + files_of(dev.folder)
    assert "answered 403" in shown
    assert {secret for secret in dev.secrets if secret in shown} == set()


def test_a_preview_contacts_nothing(dev, registry, gs, azblob, s3):
    result, _ = run(dev, "preview")
    assert result.changes["create"] >= 5
    assert not (registry.asked or gs.cloud.asked or azblob.cloud.asked or s3.wire.sent)


def test_another_image_is_made_before_the_old_one_goes(dev, registry):
    run(dev, "up")
    old = dev.layout.digest
    dev.layout.image([b"another"])
    dev.asked["image"]["digest"] = dev.layout.digest
    dev.ask()
    _, events = run(dev, "up")
    steps = [event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event]
    of_image = [step["op"] for step in steps if step["urn"].endswith("::server")]
    assert of_image.index("create-replacement") < of_image.index("delete-replaced")
    assert ("team/server", old) in registry.manifests  # shared content stays


def test_what_has_vanished_is_made_again(dev, registry, azblob):
    run(dev, "up")
    registry.manifests.clear()
    azblob.drop("bundle.json")
    run(dev, "refresh")
    assert run(dev, "up")[0].changes["create"] == 3
    assert set(run(dev, "up")[0].changes) == {"same"}


def test_destroying_keeps_what_others_may_use(dev, registry, azblob, s3):
    run(dev, "up")
    before = azblob.names() | s3.names() | {name for _, name in registry.manifests}
    assert run(dev, "destroy")[0].exit_code == 0
    assert azblob.names() | s3.names() | {name for _, name in registry.manifests} == before
