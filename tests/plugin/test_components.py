import json
import re
import subprocess
import sys

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.rpc import UNKNOWN, _special_secret_sig, _special_sig_key

from modelport.plan import make_plan
from modelport.plugin.components import service_args
from modelport.plugin.values import property_values
from modelport.spec import Environment, Metadata, Model, ModelSpec, Scaling, load_service
from modelport.targets.local import TARGET

KIND = "modelport:index:ModelService"


@pytest.fixture
def spec(bundle):
    """A service as a program in another language gives it."""
    return {"metadata": {"name": "fraud"}, "model": {"source": str(bundle.path)}, "startupSeconds": 60}


def test_a_component_registers_what_it_registers_in_python(plugin, engine, spec):
    urn, state = plugin.construct(engine, KIND, "fraud", {"spec": spec, "environment": {"targets": ["local"]}})
    assert [(each.type, each.name) for each in engine.registered] == [
        (KIND, "fraud"),
        ("modelport:local:Service", "fraud-local"),
        ("modelport:local:Server", "fraud-local-server"),
    ]
    assert urn == f"urn:pulumi:dev::test::{KIND}::fraud"
    assert state["model"]["digest"]["value"].startswith("sha256:")


def test_its_outputs_are_known_or_unknown_one_by_one(plugin, engine, spec):
    _, state = plugin.construct(engine, KIND, "fraud", {"spec": spec, "environment": {"targets": ["local"]}})
    endpoint = state["targets"]["local"]["endpoint"]
    assert endpoint["auth"] == {"kind": "none", "audience": None, "principal": None}
    assert UNKNOWN in str(endpoint["url"])


def test_the_target_component_is_there_too(plugin, engine, spec):
    kind = "modelport:local:Service"
    _, state = plugin.construct(engine, kind, "fraud", {"spec": spec, "environment": {"targets": ["local"]}})
    assert state["live"][0]["weight"] == 100


def test_a_service_on_kubernetes_needs_the_cluster_named_by_the_stack(plugin, engine, spec):
    kind = "modelport:kubernetes:Service"
    existing = {"registry": "registry.example/models"}
    image = f"registry.example/models/server@sha256:{'a' * 64}"
    inputs = {"spec": spec, "environment": {"targets": ["kubernetes"], "image": image, "existing": existing}}
    with pytest.raises(grpc.RpcError, match=r"kubernetes:context"):
        plugin.construct(engine, kind, "fraud", inputs)
    assert not engine.registered
    _, state = plugin.construct(engine, kind, "fraud", inputs, config={"kubernetes:context": "test"})
    assert state["endpoint"]["health_url"] == "http://fraud-dev.fraud-dev.svc/v2/health/ready"


@pytest.mark.parametrize(
    ("target", "key", "region"),
    [("sagemaker", "aws:region", "eu-central-1"), ("vertex", "gcp:region", "europe-west4")],
)
def test_a_service_on_a_cloud_needs_the_region_named_by_the_stack(plugin, engine, spec, target, key, region):
    kind, image = f"modelport:{target}:Service", f"registry.example/models/server@sha256:{'a' * 64}"
    inputs = {"spec": spec, "environment": {"targets": [target], "image": image}}
    with pytest.raises(grpc.RpcError, match=key):
        plugin.construct(engine, kind, "fraud", inputs)
    assert not engine.registered
    _, state = plugin.construct(engine, kind, "fraud", inputs, config={key: region})
    assert engine.registered[0].type == kind
    assert {each.type.partition(":")[0] for each in engine.registered} == {"modelport", key.partition(":")[0]}
    assert state["live"] is not None


def test_its_parent_and_explicit_providers_reach_the_children(plugin, engine, spec):
    provider = "urn:pulumi:dev::test::pulumi:providers:modelport::mine::some-id"
    inputs = {"spec": spec, "environment": {"targets": ["local"]}}
    parent = "urn:pulumi:dev::test::my:index:Team::team"
    plugin.construct(engine, KIND, "fraud", inputs, parent=parent, providers={"modelport": provider})
    service, _, server = engine.registered
    assert service.parent == parent
    assert server.provider == provider


def test_folders_lie_in_the_project(plugin, engine, spec):
    plugin.construct(engine, KIND, "fraud", {"spec": spec, "environment": {"targets": ["local"]}})
    server = dict(engine.registered[-1].object)
    assert server["runDir"] == str(plugin.folder / ".modelport" / "servers" / "dev" / "fraud-local-server")


def test_a_refusal_is_a_sentence_and_comes_before_anything_is_registered(plugin, engine, spec):
    inputs = {"spec": {**spec, "mode": "batch"}, "environment": {"targets": ["local"]}}
    with pytest.raises(grpc.RpcError) as failed:
        plugin.construct(engine, KIND, "fraud", inputs)
    assert failed.value.details().startswith('mode: "batch"\n  MP402')
    assert "Traceback" not in failed.value.details()
    assert engine.registered == []


def test_every_wrong_field_is_named(plugin, engine, spec):
    inputs = {"spec": {**spec, "scalling": {"min": 1}, "startupSeconds": 0}, "environment": {"targets": ["local"]}}
    with pytest.raises(grpc.RpcError) as failed:
        plugin.construct(engine, KIND, "fraud", inputs)
    assert "Did you mean scaling?" in failed.value.details()
    assert "2 problems" in failed.value.details()


def test_what_decides_structure_must_be_known(plugin, engine, spec):
    inputs = {"spec": {**spec, "scaling": {"min": UNKNOWN}}, "environment": {"targets": ["local"]}}
    with pytest.raises(grpc.RpcError, match=r"spec\.scaling\.min is not known before other resources exist"):
        plugin.construct(engine, KIND, "fraud", inputs)


def test_existing_infrastructure_that_is_unknown_or_secret_is_judged_without_its_value(plugin, engine, spec):
    existing = {"vpc": UNKNOWN, "key": {_special_sig_key: _special_secret_sig, "value": "hunter2"}}
    environment = {"targets": ["local"], "existing": existing}
    with pytest.raises(grpc.RpcError, match="MP401 refused by local") as refusal:
        plugin.construct(engine, KIND, "fraud", {"spec": spec, "environment": environment})
    assert "modelport:existing.key" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert not engine.registered


def test_an_unknown_component_is_named(plugin, engine):
    with pytest.raises(grpc.RpcError, match="modelport has no component modelport:index:Modelservice"):
        plugin.construct(engine, "modelport:index:Modelservice", "fraud", {})


def test_yaml_python_and_construct_make_the_same_plan(tmp_path):
    file = tmp_path / "fraud.yaml"
    file.write_text(
        "metadata: {name: fraud, owner: risk}\n"
        "model: {source: fraud.onnx}\n"
        "scaling: {min: 1, max: 1}\n"
        "startupSeconds: 60\n"
    )
    spec = ModelSpec(
        metadata=Metadata(name="fraud", owner="risk"),
        model=Model(source="fraud.onnx"),
        scaling=Scaling(min=1, max=1),
        startup_seconds=60,
    )
    given = {
        "spec": {
            "metadata": {"name": "fraud", "owner": "risk"},
            "model": {"source": "fraud.onnx"},
            "scaling": {"min": 1, "max": 1},
            "startupSeconds": 60,
        },
        "environment": {"stack": "dev", "project": "test", "targets": ["local"], "environment": "dev"},
    }
    environment = Environment(stack="dev", project="test", targets=("local",), environment="dev")
    constructed = service_args(property_values(given, {}))
    from_python = make_plan(spec, environment, TARGET)
    from_yaml = make_plan(load_service(file).spec, environment, TARGET)
    from_construct = make_plan(constructed.spec, constructed.environment, TARGET)
    assert from_python == from_yaml == from_construct


def test_the_schema_has_every_input_and_output(plugin, engine, spec, bundle):
    schema = json.loads(plugin.stub.GetSchema(messages.GetSchemaRequest()).schema)
    server = schema["resources"]["modelport:local:Server"]
    asked = {"service": "it", "runDir": "/run", "bundle": "/b", "digest": bundle.digest}
    checked, _ = plugin.check(asked)
    assert set(checked) | {"port"} == set(server["inputProperties"])
    _, planned = plugin.create({**checked, "port": 80}, preview=True)
    assert set(planned) == set(server["properties"])
    source, to = f"host.example/other@{bundle.digest}", {"repository": "host.example/server", "tag": "v1"}
    image = {"source": source, **to, "digest": bundle.digest, "platform": "linux/amd64"}
    store = {"target": "s3://models", "region": "eu-central-1", "packed": True}
    model = {"bundle": "/b", **store, "revision": "1", "digest": bundle.digest}
    for kind, asked in {"modelport:artifact:Image": image, "modelport:artifact:Bundle": model}.items():
        checked, failures = plugin.check(asked, kind=kind)
        assert (set(checked), failures) == (set(schema["resources"][kind]["inputProperties"]), {})
        _, planned = plugin.create(checked, preview=True, kind=kind)
        assert set(planned) == set(schema["resources"][kind]["properties"])
    for kind in (KIND, "modelport:local:Service"):
        _, state = plugin.construct(engine, kind, "fraud", {"spec": spec, "environment": {"targets": ["local"]}})
        assert set(state) == set(schema["resources"][kind]["properties"])


def test_every_type_that_the_schema_names_is_in_it(plugin):
    text = plugin.stub.GetSchema(messages.GetSchemaRequest()).schema
    named = set(re.findall(r'"#/types/([^"]+)"', text))
    assert named <= set(json.loads(text)["types"])
    assert "modelport:index:Scaling" in named


def test_the_plugin_needs_nothing_that_runs_models():
    lacking = "import sys; sys.modules.update(dict.fromkeys(('onnxruntime', 'orjson', 'onnx')))"
    done = subprocess.run(
        [sys.executable, "-c", f"{lacking}; import modelport.plugin.provider, modelport.targets.sagemaker.target"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
