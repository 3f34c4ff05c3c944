"""A stack on SageMaker from its first `up` to the purge of its data, against a simulation of AWS."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import boto3
import httpx
import pytest
from support.aws.kinds import ACCOUNT, REGION
from support.console import Console
from support.models import save, scaling
from support.plugin import ROOT

from modelport.bundle import build
from modelport.cli.kept import Ledger
from modelport.cli.workspace import Workspace
from modelport.targets.kept import Kept

PROVIDER = ROOT / "tests" / "support" / "aws" / "provider"
PLUGINS = {"providers": [{"name": "modelport", "path": "plugin"}, {"name": "aws", "path": str(PROVIDER)}]}
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team"
VERSION = {"source": "model.onnx"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class Cloud(Console):
    """A stack on SageMaker whose account is moto's."""

    def __init__(self, folder, address):
        super().__init__(folder)
        self.address = address
        self.write("Pulumi.yaml", json.dumps({"name": "test", "runtime": "python", "plugins": PLUGINS}))
        self.env |= {"AWS_ENDPOINT_URL": address, **CREDENTIALS}
        self.live()
        self.client = lambda service: boto3.client(
            service, region_name=REGION, endpoint_url=address, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def live(self, existing=None, **versions):
        """Write the stack file, with these live versions."""
        image = f"{REGISTRY}/server@sha256:{'a' * 64}"
        releases = {"releases": {"fraud": versions}} if versions else {}
        existing = {"registry": REGISTRY, **(existing or {})}
        self.configure(target="sagemaker", image=image, existing=existing, **releases, **{"aws:region": REGION})

    @property
    def shares(self):
        """How SageMaker divides the requests; moto leaves out a weight of 0."""
        found = self.client("sagemaker").describe_endpoint(EndpointName="fraud-dev")
        return {each["VariantName"]: each.get("CurrentWeight", 0) for each in found["ProductionVariants"]}

    @property
    def scaled(self):
        """The variants whose number of instances follows the load."""
        found = self.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
        return {each["ResourceId"].rpartition("/")[2] for each in found["ScalableTargets"]}

    def answers(self, *bodies):
        """Have the endpoint answer so, in turn."""
        results = [{"Body": json.dumps(body), "ContentType": "application/json"} for body in bodies]
        queue = {"account_id": ACCOUNT, "region": REGION, "results": results}
        httpx.post(f"{self.address}/moto-api/static/sagemaker/endpoint-results", json=queue).raise_for_status()

    @property
    def expected(self):
        """What the model answers to its sample."""
        with TemporaryDirectory() as folder:
            return build(self.folder / "model.onnx", Path(folder, "bundle"), name="fraud").expected()

    @property
    def ledger(self):
        return Ledger(Workspace.find("dev", self.folder))

    @property
    def keys(self):
        kms = self.client("kms")
        return [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]

    @property
    def buckets(self):
        s3 = self.client("s3")
        return {
            each["Name"]: s3.list_objects_v2(Bucket=each["Name"]).get("Contents", [])
            for each in s3.list_buckets()["Buckets"]
        }


@pytest.fixture
def cloud(tmp_path):
    """The stack; its account is in a process of its own, as moto has one for everybody in a process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as waiting:
                waiting.get(f"{address}/moto-api/").raise_for_status()
            with Cloud(tmp_path / "project", address) as cloud:
                yield cloud
        finally:
            server.kill()


def test_a_stack_comes_stays_goes_and_its_data_goes_last(cloud):
    cloud.answers(*[cloud.expected] * 2)
    first = cloud.run("up", "-s", "dev", "--yes")
    assert first.code == 0, first.err
    asked = cloud.run("invoke", "fraud", "-s", "dev")
    assert (asked.code, asked.out.split()[1][:4]) == (0, "FP32"), asked.err
    lines = first.out.splitlines()
    before = lines[: lines.index(next(each for each in lines if each.startswith("  + ")))]
    assert before[1:] == [
        f"account      {ACCOUNT} in {REGION}",
        f"state        file://{cloud.folder}",
        "costs idle   15 x alarm, 1 x dashboard, 1 x key, 2 x ml.c5.large, 10 x network interface of private endpoints",
    ]
    (endpoint,) = cloud.client("sagemaker").list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"] == "fraud-dev"
    models, logs = cloud.buckets["fraud-dev-models-1234567"], cloud.buckets["fraud-dev-accesslogs-1234567"]
    assert any(each["Key"].endswith("model.onnx") for each in models)
    assert logs
    assert "nothing changes" in cloud.run("up", "-s", "dev", "--yes").out

    names = sorted(cloud.buckets)
    gone = cloud.run("destroy", "-s", "dev", "--yes")
    assert gone.code == 0 and "aws s3 rm" not in gone.out, gone.err
    kept = gone.out[gone.out.index("kept, with its data:") :]
    assert all(each in kept for each in (*names, "fraud-sagemaker-key"))
    assert "modelport destroy -s dev --purge-data" in kept
    assert sorted(cloud.buckets) == names
    again = cloud.run("destroy", "-s", "dev", "--yes")
    assert (again.code, again.out[again.out.index("kept, with its data:") :]) == (0, kept)

    ledger = cloud.ledger
    of_registry = [each for each in ledger.entries if each.type == "modelport:sagemaker:ModelPackage"]
    assert [each.name for each in of_registry] == ["fraud-sagemaker-package-blue"]
    ledger.forget(of_registry)  # moto deletes no versions of models

    purged = cloud.run("destroy", "-s", "dev", "--yes", "--purge-data")
    assert purged.code == 0, purged.err
    assert cloud.buckets == {}
    assert [each["KeyState"] for each in cloud.keys] == ["PendingDeletion"]
    assert "kept" not in cloud.run("destroy", "-s", "dev", "--yes").out


def test_what_an_update_leaves_behind_is_told_and_goes_with_the_stack(cloud):
    cloud.answers(*[cloud.expected] * 2)
    assert cloud.run("up", "-s", "dev", "--yes").code == 0
    cloud.client("s3").create_bucket(Bucket="given", CreateBucketConfiguration={"LocationConstraint": REGION})
    cloud.live(existing={"bucket": "s3://given/team"})
    moved = cloud.run("up", "-s", "dev", "--yes")
    assert moved.code == 0, moved.err
    names = {"fraud-dev-models-1234567", "fraud-dev-accesslogs-1234567"}
    kept = moved.out[moved.out.index("kept, with its data:") :]
    assert all(each in kept for each in names) and "fraud-sagemaker-key" not in kept
    assert "kept" not in cloud.run("up", "-s", "dev", "--yes").out
    gone = cloud.run("destroy", "-s", "dev", "--yes")
    assert all(each in gone.out for each in (*names, "fraud-sagemaker-key"))
    assert {each.id for each in cloud.ledger.entries if "Bucket" in each.type} == names
    assert "aws s3 rm --recursive s3://given/team/fraud/" in gone.out
    assert gone.out.count("aws s3 rm") == 1


def test_another_mode_is_another_endpoint(cloud):
    def planned():
        shown = cloud.run("preview", "-s", "dev")
        assert shown.code == 0, shown.err
        return [each[2] for each in shown.out.splitlines() if each.endswith(" fraud-sagemaker-endpoint")]

    cloud.answers(cloud.expected)
    assert cloud.run("up", "-s", "dev", "--yes").code == 0
    cloud.add("fraud.yaml", "rollout: {bake: 5m}")
    assert planned() == ["~"]
    cloud.add("fraud.yaml", "mode: serverless")
    assert planned() == ["-", "±"]


def test_every_version_that_a_stack_has_left_in_the_registry_is_noted(cloud):
    cloud.answers(cloud.expected)
    assert cloud.run("up", "-s", "dev", "--yes").code == 0
    other = scaling(2.0)
    other.doc_string = "another model with the same answers"
    save(other, cloud.folder / "model.onnx")
    again = cloud.run("up", "-s", "dev", "--yes")
    assert again.code == 0, again.err
    cloud.run("destroy", "-s", "dev", "--yes")
    versions = [each.id.rpartition("/")[2] for each in cloud.ledger.entries if each.type.endswith("ModelPackage")]
    assert versions == ["1", "2"]


def test_who_does_not_go_ahead_leaves_nothing_behind(cloud, monkeypatch):
    cloud.answers(cloud.expected)
    assert cloud.run("up", "-s", "dev", "--yes").code == 0
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("modelport.cli.commands.deploy.sys", SimpleNamespace(stdin=terminal))
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    stopped = cloud.run("destroy", "-s", "dev", "--purge-data")
    assert (stopped.code, "kept" in stopped.out, cloud.ledger.entries) == (1, False, [])


def test_the_words_of_containers_follow_an_endpoint_that_did_not_come(cloud):
    cloud.env["MOTO_REFUSES"] = "aws:sagemaker/endpoint:Endpoint"
    failed = cloud.run("up", "-s", "dev", "--yes")
    assert (failed.code, "said last" in failed.err) == (1, False)
    of = {"logGroupName": "/aws/sagemaker/Endpoints/fraud-dev", "logStreamName": "stable/i-1"}
    logs = cloud.client("logs")
    logs.create_log_stream(**of)
    events = [{"timestamp": int(time.time() * 1000), "message": "no such file: model.onnx"}]
    logs.put_log_events(**of, logEvents=events)
    again = cloud.run("up", "-s", "dev", "--yes")
    assert again.code == 1
    assert again.err.endswith(
        "\nthe containers of fraud-sagemaker-endpoint said last:\n  no such file: model.onnx\n"
    ), again.err[-800:]


def test_an_endpoint_that_answers_wrongly_fails_the_update_and_is_asked_again(cloud):
    wrong = cloud.expected
    wrong["outputs"][0]["data"][0] += 1
    cloud.answers(wrong)
    failed = cloud.run("up", "-s", "dev", "--yes")
    assert failed.code == 1
    assert "fraud-dev\n  stable answers its sample wrongly" in failed.err
    assert "stable answers its sample wrongly" in cloud.run("up", "-s", "dev", "--yes").err
    resources = [each["urn"].rpartition("::")[2] for each in cloud.state["resources"]]
    assert "fraud-sagemaker-endpoint" in resources and "fraud-sagemaker-smoke-test" not in resources
    assert cloud.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_a_candidate_that_answers_wrongly_gets_no_share(cloud):
    cloud.live(stable=VERSION, candidate=VERSION, weight=20)
    wrong = cloud.expected
    wrong["outputs"][0]["data"][0] += 1
    cloud.answers(wrong)
    failed = cloud.run("up", "-s", "dev", "--yes")
    assert (failed.code, cloud.shares) == (1, {"stable": 100, "candidate": 0}), failed.err


def test_a_candidate_gets_its_share_once_it_has_answered(cloud):
    cloud.live(stable=VERSION, candidate=VERSION, weight=20)
    cloud.answers(*[cloud.expected] * 2)
    first = cloud.run("up", "-s", "dev", "--yes")
    assert (first.code, cloud.shares) == (0, {"stable": 80, "candidate": 20}), first.err
    endpoint = cloud.client("sagemaker").describe_endpoint(EndpointName="fraud-dev")
    cloud.live(stable=VERSION, candidate=VERSION, weight=50)
    stepped = cloud.run("up", "-s", "dev", "--yes")
    assert (stepped.code, cloud.shares) == (0, {"stable": 50, "candidate": 50}), stepped.err
    after = cloud.client("sagemaker").describe_endpoint(EndpointName="fraud-dev")
    assert after["EndpointConfigName"] == endpoint["EndpointConfigName"]
    assert cloud.scaled == {"stable", "candidate"}
    cloud.live(stable=VERSION)
    cloud.run("up", "-s", "dev", "--yes")  # moto's endpoint does not change, and is not as it should be
    assert cloud.scaled == {"stable"}


def test_another_machine_ends_the_scaling_before_the_update_and_begins_it_anew_after(cloud):
    cloud.answers(cloud.expected)
    first = cloud.run("up", "-s", "dev", "--yes")
    assert (first.code, cloud.scaled) == (0, {"stable"}), first.err
    cloud.add("fraud.yaml", "compute: {cpu: 4}")
    planned = [each.split()[:3] for each in cloud.run("preview", "-s", "dev").out.splitlines() if len(each.split()) > 2]
    for kind, name in (("target", "capacity"), ("policy", "scaling")):
        assert [sign for sign, *what in planned if what == [kind, f"fraud-sagemaker-{name}"]] == ["-", "±"]
    updated = cloud.run("up", "-s", "dev", "--yes")
    assert "stable gets other instances, and follows no load meanwhile" in updated.out + updated.err
    assert (updated.code, cloud.scaled) == (0, {"stable"}), updated.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://runtime.sagemaker.eu.example/endpoints/fraud/async-invocations", "answers with files in S3"),
        ("https://api.sagemaker.eu.example", "answers with files in S3"),
        ("https://runtime.sagemaker.eu.example/endpoints/fraud/invocations", "aws sts get-caller-identity"),
        ("https://runtime.sagemaker.eu.example/endpoints/fraud/invocations", "region right"),
    ],
)
def test_who_cannot_be_asked_says_how_to_go_on(cloud, monkeypatch, url, words):
    auth = {"kind": "sigv4", "audience": REGION, "principal": None}
    made = {"endpoint": {"url": url, "auth": auth}, "invoke": "aws s3 cp"}
    services = {"fraud": {"targets": {"sagemaker": made}, "model": {"digest": "sha256:1"}}}
    monkeypatch.setattr("modelport.cli.engines.embedded.Embedded.outputs", lambda *_: {"services": services})
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # which knows credentials from before
    for name in CREDENTIALS:
        del cloud.env[name]
    cloud.env["AWS_EC2_METADATA_DISABLED"] = "true"
    if words == "region right":
        cloud.env |= {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    cloud.write("request.json", "{}")
    answer = cloud.run("invoke", "fraud", "-s", "dev", "--data", "request.json")
    assert (answer.code, words in answer.err) == (1, True), answer.err


def test_what_cannot_be_purged_stays_noted(cloud):
    noted = [{"type": "aws:s3/bucket:Bucket", "name": name, "id": name, "region": REGION} for name in ("here", "gone")]
    cloud.client("s3").create_bucket(Bucket="here", CreateBucketConfiguration={"LocationConstraint": REGION})
    ledger = cloud.ledger
    ledger.add([Kept(**each) for each in noted])
    cloud.env |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    failed = cloud.run("destroy", "-s", "dev", "--yes", "--purge-data")
    assert failed.code == 1
    assert "here\n  Could not connect" in failed.err
    assert [each.id for each in ledger.entries] == ["here", "gone"]
