import json

import pytest
from support.states import recorded, recorded_checkpoints, resource, urn

from modelport_engine.protocol.values import Secret, show
from modelport_engine.state.resource import InvalidResource
from modelport_engine.state.secrets import Secrets, salt_of
from modelport_engine.state.snapshot import Encoder, Snapshot, SnapshotError, checkpoint, deployment_of, now


def test_every_recorded_checkpoint_is_written_again_byte_for_byte():
    for name, text in recorded_checkpoints():
        document = json.loads(text)
        deployment = deployment_of(document)
        snapshot = Snapshot.from_json(deployment, decrypt=json.dumps)  # ciphertexts stand for their plaintexts
        encoder = Encoder(lambda plaintext: {"ciphertext": json.loads(plaintext)})
        written = encoder.deployment(snapshot, deployment["secrets_providers"])
        assert checkpoint(document["checkpoint"]["stack"], written) == text, name


def test_every_recorded_state_is_consistent():
    for _, text in recorded_checkpoints():
        Snapshot.from_json(deployment_of(json.loads(text)), decrypt=json.dumps).check()


def test_recorded_secrets_decrypt_to_what_pulumi_shows():
    shown = recorded("18c-export-secrets/shown")["deployment"]
    secrets = Secrets("x", salt_of(shown))
    hidden = deployment_of(recorded("18c-export-secrets/checkpoint-file"))
    mine = Snapshot.from_json(hidden, secrets.decrypt)
    theirs = Snapshot.from_json(shown, secrets.decrypt)
    assert mine.resources == theirs.resources
    assert mine.outputs["secretPw"] == Secret("hunter2")
    assert mine.to_json(show, shown["secrets_providers"])["resources"] == shown["resources"]


def test_an_unknown_version_or_feature_is_refused_by_name():
    with pytest.raises(SnapshotError, match="version 4 with taint, views"):
        deployment_of({"version": 4, "features": ["taint", "views"], "deployment": {}})
    with pytest.raises(SnapshotError, match="version 2 is not supported"):
        deployment_of({"version": 2, "deployment": {}})


def test_an_unknown_field_is_refused_by_name():
    with pytest.raises(SnapshotError, match="fields that this engine does not know: snippets"):
        Snapshot.from_json({"snippets": []}, decrypt=str)
    with pytest.raises(InvalidResource, match=r"sim:index:Bucket::a has the field 'colour'"):
        Snapshot.from_json({"resources": [resource("a", colour="red")]}, decrypt=str)


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        ([resource("b", dependencies=[urn("a")])], "::b needs .*::a, which does not stand before it"),
        ([resource("b", parent=urn("a")), resource("a")], "::b needs .*::a, which"),
        ([resource("b", propertyDependencies={"size": [urn("a")]})], "::b needs .*::a, which"),
        ([resource("b", provider=f"{urn('p', 'pulumi:providers:sim')}::1")], "::b needs .*::p, which"),
        ([resource("b", deletedWith=urn("a"))], "::b needs .*::a, which"),
        ([resource("a"), resource("a")], "::a stands twice"),
    ],
)
def test_an_inconsistent_state_is_refused(resources, problem):
    with pytest.raises(SnapshotError, match=problem):
        Snapshot.from_json({"resources": resources}, decrypt=str).check()


def test_a_resource_may_stand_beside_the_one_it_replaces():
    Snapshot.from_json({"resources": [resource("a"), resource("a", delete=True)]}, decrypt=str).check()


def test_moments_are_utc_with_nanoseconds():
    assert now().endswith("Z")
    assert now() <= now()
