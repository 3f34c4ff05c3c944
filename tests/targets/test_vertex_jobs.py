"""Jobs over files on Vertex AI."""

import json
import re
import shlex

import pulumi
import pytest
from support.gcp.given import GIVEN
from support.gcp.program import PROJECT, REGION, GcpProgram
from support.golden import golden
from support.referring import REFERENCE
from support.vertex.judge import verdicts

from modelport import VertexService
from modelport.spec import Accelerator, Compute, Model, Monitoring, Scaling, Security

PLACE = f"projects/{PROJECT}/locations/{REGION}"
URL = f"https://{REGION}-aiplatform.googleapis.com/v1/{PLACE}/batchPredictionJobs"
ONLINE = ("endpoint", "deployment-blue", "traffic", "vpc", "subnet", "address", "private", "captures")


@pytest.fixture
def batch(vertex):
    return lambda environment=None, **sections: vertex(environment, mode="batch", **sections)


def asked(program):
    """The words of the command, and the body of its request."""
    words = shlex.split(program.result["invoke"])
    return words, json.loads(words[words.index("--data") + 1])


def real(body):
    """A body whose references are the names of what is there."""
    texts = {"key": GIVEN["key"], "account": GIVEN["role"], "bucket": "fraud-bucket-1234567"}
    return json.loads(REFERENCE.sub(lambda found: texts[found[1].removeprefix("fraud-")], json.dumps(body)))


def test_there_is_a_model_and_no_endpoint(batch):
    program = batch()
    assert not [each for each in ONLINE if f"fraud-{each}" in program.inputs]
    assert {"fraud-model-blue", "fraud-bundle-blue", "fraud-image-blue", "fraud-account"} <= program.inputs.keys()
    endpoint = {"url": URL, "auth": {"kind": "google", "audience": None, "principal": None}}
    assert program.result["endpoint"] == {**endpoint, "health_url": None, "protocols": []}
    assert program.result["live"][0]["weight"] == 100


def test_the_planned_resources_are_the_reviewed_ones(batch, project):
    program = batch()
    planned = {name: program.inputs[name] for name in sorted(program.inputs)}
    digest, revision = (program.inputs["fraud-bundle-blue"][name] for name in ("digest", "revision"))
    hidden = {str(project): "PROJECT", digest.removeprefix("sha256:"): "DIGEST", revision: "REVISION"}
    reviewed, found = golden("vertex-batch.json", planned, hidden)
    assert found == reviewed


def test_a_command_starts_a_job_that_google_takes(batch):
    program = batch(
        scaling=Scaling(min=1, max=5),
        compute=Compute(accelerator=Accelerator(kind="nvidia-l4")),
        model=Model(source="double.onnx", batching={"max_size": 7}),
    )
    words, body = asked(program)
    assert words[-1] == URL
    assert "Authorization: Bearer $(gcloud auth print-access-token)" in words
    assert verdicts([("POST", f"{PLACE}/batchPredictionJobs", {}, real(body))]) == [("CreateBatchPredictionJob", [])]
    machines = body["dedicatedResources"]
    assert (machines["startingReplicaCount"], machines["maxReplicaCount"]) == (1, 5)
    assert machines["machineSpec"] == {
        "machineType": "g2-standard-4",
        "acceleratorType": "NVIDIA_L4",
        "acceleratorCount": 1,
    }
    assert body["manualBatchTuningParameters"] == {"batchSize": 7}
    assert (body["serviceAccount"], body["model"]) == ("@{fraud-account.email}", f"{PLACE}/models/fraud-dev@1")
    assert body["encryptionSpec"] == {"kmsKeyName": "@{fraud-key.id}"}
    assert body["labels"]["service"] == "fraud"


def test_files_pass_through_the_bucket(batch):
    program = batch()
    _, body = asked(program)
    root = "gs://@{fraud-bucket.name}"
    assert body["inputConfig"]["gcsSource"] == {"uris": [f"{root}/requests/*.jsonl"]}
    assert body["outputConfig"]["gcsDestination"] == {"outputUriPrefix": f"{root}/answers"}
    rules = program.inputs["fraud-bucket"]["lifecycleRules"]
    gone = {"age": 30, "matchesPrefixes": ["requests/", "answers/"]}
    assert {"action": {"type": "Delete"}, "condition": gone} in rules
    assert not [each for each in program.inputs["fraud-accesslogs"]["lifecycleRules"] if each["condition"] == gone]


def test_files_pass_through_a_given_bucket_below_the_service(batch):
    _, body = asked(batch({"existing": {"bucket": GIVEN["bucket"]}}))
    assert body["inputConfig"]["gcsSource"]["uris"] == [f"{GIVEN['bucket']}/fraud/requests/*.jsonl"]
    assert body["outputConfig"]["gcsDestination"]["outputUriPrefix"] == f"{GIVEN['bucket']}/fraud/answers"


@pytest.mark.parametrize(
    ("environment", "sections", "words"),
    [
        ({}, {"monitoring": Monitoring(capture={"percent": 10})}, "files that you have"),
        ({}, {"scaling": Scaling(target={"metric": "cpu", "value": 50})}, "Write scaling.min and scaling.max alone."),
        ({}, {"security": Security(exposure="public")}, "a job has no endpoint"),
        ({"existing": {"vpc": GIVEN["vpc"], "subnets": GIVEN["subnets"]}}, {}, "a job has no endpoint in a network"),
    ],
)
def test_what_a_job_has_nothing_for_is_refused(args, environment, sections, words):
    service = args({"image": f"registry.example/server@sha256:{'a' * 64}", **environment}, mode="batch", **sections)

    def run():
        with pytest.raises(pulumi.RunError, match=re.escape(words)):
            VertexService("fraud", service)

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []


@pytest.mark.parametrize("mode", ["async", "serverless"])
def test_other_modes_are_refused_by_name(args, mode):
    service = args({"image": f"registry.example/server@sha256:{'a' * 64}"}, mode=mode)

    def run():
        with pytest.raises(pulumi.RunError, match="MP401"):
            VertexService("fraud", service)

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []
