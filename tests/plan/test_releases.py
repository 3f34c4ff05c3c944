from modelport.plan.release import releases
from modelport.spec import Environment, Metadata, Model, ModelSpec, Release, Releases, Serving

DIGEST = "sha256:" + "a" * 64
SPEC = ModelSpec(
    metadata=Metadata(name="fraud"),
    model=Model(source="new.onnx", version="7", sha256="b" * 64),
    serving=Serving(image="registry/server@sha256:" + "c" * 64),
)


def live(**entries):
    return releases(SPEC, Environment(stack="dev", targets=("local",), releases=entries))


def test_without_an_entry_the_model_of_the_service_file_is_stable_and_gets_every_request():
    (stable,) = live(other=Releases(stable=Release(source="x.onnx")))
    assert (stable.role, stable.source, stable.weight) == ("stable", "new.onnx", 100)
    assert (stable.version, stable.sha256, stable.image) == ("7", "b" * 64, SPEC.serving.image)


def test_weights_make_100_and_stable_comes_first():
    candidate = Release(source="new.onnx", image="other/server")
    found = live(
        fraud=Releases(stable=Release(source="old.onnx", digest=DIGEST), candidate=candidate, weight=10, mirror=5)
    )
    assert [(each.role, each.source, each.weight, each.mirror) for each in found] == [
        ("stable", "old.onnx", 90, 0),
        ("candidate", "new.onnx", 10, 5),
    ]
    assert found[0].digest == DIGEST
    assert found[1].image == "other/server"


def test_what_the_service_file_says_of_its_model_holds_for_that_model_only():
    found = live(fraud=Releases(stable=Release(source="old.onnx"), candidate=Release(source="new.onnx"), weight=10))
    assert [(each.version, each.sha256) for each in found] == [(None, None), ("7", "b" * 64)]
