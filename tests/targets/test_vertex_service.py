"""What a service becomes on Vertex AI."""

import json
import re

import pulumi
import pulumi_gcp
import pytest
from support.gcp.given import GIVEN
from support.gcp.program import NUMBER, PROJECT, REGION, GcpProgram
from support.golden import golden
from support.referring import REFERENCE
from support.vertex.judge import verdicts

from modelport import VertexService
from modelport.providers.resources import RESOURCES
from modelport.providers.vertex import bodies
from modelport.providers.vertex.inputs import DeployedModelInputs, ModelInputs
from modelport.spec import Accelerator, Compute, Memory, Money, Monitoring, Request, Scaling, Security
from modelport.targets.vertex.capacity import ACCELERATORS, MACHINES

GOLDEN = """\
modelport:vertex:Service fraud
gcp:projects/serviceIdentity:ServiceIdentity fraud-agent-vertex
gcp:projects/serviceIdentity:ServiceIdentity fraud-agent-registry
gcp:kms/keyRing:KeyRing fraud-keyring
gcp:kms/cryptoKey:CryptoKey fraud-key
gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember fraud-key-vertex
gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember fraud-key-registry
gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember fraud-key-storage
gcp:storage/bucket:Bucket fraud-accesslogs
gcp:storage/bucketIAMMember:BucketIAMMember fraud-accesslogs-writer
gcp:storage/bucket:Bucket fraud-bucket
gcp:artifactregistry/repository:Repository fraud-registry
gcp:compute/network:Network fraud-vpc
gcp:compute/subnetwork:Subnetwork fraud-subnet
gcp:compute/firewall:Firewall fraud-vpc-closed
gcp:compute/firewall:Firewall fraud-vpc-endpoint
gcp:serviceaccount/account:Account fraud-account
gcp:storage/bucketIAMMember:BucketIAMMember fraud-account-models
gcp:vertex/aiEndpoint:AiEndpoint fraud-endpoint
modelport:artifact:Image fraud-image-blue
modelport:artifact:Bundle fraud-bundle-blue
modelport:vertex:Model fraud-model-blue
modelport:vertex:DeployedModel fraud-deployment-blue
modelport:vertex:TrafficSplit fraud-traffic
gcp:compute/address:Address fraud-address
gcp:compute/forwardingRule:ForwardingRule fraud-private
gcp:monitoring/customService:CustomService fraud-monitored
gcp:monitoring/slo:Slo fraud-slo-availability
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-availability-burn-1h
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-availability-burn-6h
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-availability-burn-1d
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-cpu-high
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-memory-high
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-instances-missing
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-service-absent
gcp:monitoring/alertPolicy:AlertPolicy fraud-alert-service-down
gcp:monitoring/dashboard:Dashboard fraud-dashboard"""
"""Types and logical names are public: another one needs an alias and a line in the changelog."""
IMAGE = f"registry.example/server@sha256:{'a' * 64}"
PLACE = f"projects/{PROJECT}/locations/{REGION}"
PUBLIC = Security(exposure="public")
GPU = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-l4"))
WAYS = {
    "private": {},
    "public": {"security": PUBLIC},
    "captures": {"monitoring": Monitoring(capture={"percent": 20, "retention": "30d"}), "budget": Money(amount=99.5)},
}


def types(program):
    return {request.type for request in program.requests}


def machines(program):
    return program.inputs["fraud-deployment-blue"]["dedicatedResources"]


def real(inputs, program):
    """Inputs without references: as they are when everything that they refer to is there."""
    texts = {
        "fraud-key.id": GIVEN["key"],
        "fraud-endpoint.id": f"{PLACE}/endpoints/{program.inputs['fraud-endpoint']['name']}",
        "fraud-bucket.name": "fraud-bucket-1234567",
        "fraud-account.email": GIVEN["role"],
    }
    return json.loads(REFERENCE.sub(lambda found: texts[f"{found[1]}.{found[2]}"], json.dumps(inputs)))


def own(program):
    """The inputs of the resources of our own plugin by logical name, with their types."""
    return {each.name: each.type for each in program.requests if each.type in RESOURCES}


def test_types_and_logical_names_are_the_published_ones(vertex):
    assert sorted(vertex().names) == sorted(GOLDEN.splitlines())


@pytest.mark.parametrize("way", WAYS)
def test_the_planned_resources_are_the_reviewed_ones(vertex, project, way):
    program = vertex(**WAYS[way])
    watching = {each.name for each in program.requests if each.type.startswith("gcp:monitoring")}  # reviewed elsewhere
    planned = {name: program.inputs[name] for name in sorted(program.inputs.keys() - watching)}
    digest, revision = (program.inputs["fraud-bundle-blue"][name] for name in ("digest", "revision"))
    hidden = {str(project): "PROJECT", digest.removeprefix("sha256:"): "DIGEST", revision: "REVISION"}
    reviewed, found = golden("vertex.json" if way == "private" else f"vertex-{way}.json", planned, hidden)
    assert found == reviewed


def test_its_resources_are_its_children_of_the_sdks_own_types(args, vertex):
    program = vertex()
    parents = {program.request(name).parent for name in program.inputs if name != "fraud"}
    assert {each.endswith("modelport:vertex:Service::fraud") for each in parents} == {True}
    service, made = args({"image": IMAGE}), []
    GcpProgram.run(lambda: made.append(VertexService("fraud", service)), {"gcp:region": REGION})
    assert isinstance(made[0].resources["endpoint"], pulumi_gcp.vertex.AiEndpoint)


@pytest.mark.parametrize("environment", [{}, {"existing": GIVEN}], ids=["nothing", "everything"])
@pytest.mark.parametrize("sections", [{}, {"compute": GPU}], ids=["CPUs", "GPUs"])
def test_what_our_own_resources_ask_is_what_google_takes(vertex, environment, sections):
    program = vertex(environment, **sections)
    for name, token in own(program).items():
        assert RESOURCES[token].check(real(program.inputs[name], program))[1] == []
    model, deployed = (real(program.inputs[f"fraud-{role}-blue"], program) for role in ("model", "deployment"))
    upload = {"model": bodies.model(ModelInputs.model_validate(model), ["stable"]), "modelId": model["modelId"]}
    body = bodies.deployed_model(DeployedModelInputs.model_validate(deployed), "1234567890")
    asked = [
        ("POST", f"{PLACE}/models:upload", {}, upload),
        ("POST", f"{deployed['endpoint']}:deployModel", {}, {"deployedModel": body}),
    ]
    assert verdicts(asked) == [("UploadModel", []), ("DeployModel", [])]


def test_what_is_given_is_used_and_nothing_of_its_kind_is_made(vertex):
    program = vertex({"existing": GIVEN})
    services = {each.split(":")[1].split("/")[0] for each in types(program) if each.startswith("gcp:")}
    assert services == {"vertex", "compute", "monitoring"}
    assert {each for each in types(program) if each.startswith("gcp:compute")} == {
        "gcp:compute/address:Address",
        "gcp:compute/forwardingRule:ForwardingRule",
    }
    assert program.inputs["fraud-endpoint"]["encryptionSpec"] == {"kmsKeyName": GIVEN["key"]}
    assert program.inputs["fraud-model-blue"]["encryptionSpec"] == {"kmsKeyName": GIVEN["key"]}
    assert program.inputs["fraud-deployment-blue"]["serviceAccount"] == GIVEN["role"]
    assert program.inputs["fraud-bundle-blue"]["target"] == "gs://models-of-all/team/fraud"
    assert program.inputs["fraud-image-blue"]["repository"] == f"{GIVEN['registry']}/modelport-server"
    assert program.inputs["fraud-address"]["subnetwork"] == GIVEN["subnets"][0]
    assert program.inputs["fraud-private"]["network"] == GIVEN["vpc"]


def test_an_image_that_is_in_the_registry_is_not_copied(vertex):
    image = f"{GIVEN['registry']}/server@sha256:{'b' * 64}"
    program = vertex({"existing": {"registry": GIVEN["registry"]}, "image": image})
    assert "fraud-image-blue" not in program.inputs
    assert program.inputs["fraud-model-blue"]["containerSpec"]["imageUri"] == image


def test_what_holds_data_stays_with_what_guards_it(vertex):
    program = vertex({"environment": "prod"}, **WAYS["captures"])
    kept = {each.name.removeprefix("fraud-") for each in program.requests if each.retainOnDelete}
    grants = {f"key-{use}" for use in ("vertex", "registry", "storage", "captures")}
    assert kept == {"keyring", "key", *grants, "accesslogs", "accesslogs-writer", "bucket", "registry", "captures"}


def test_the_key_is_for_those_services_that_store_something(vertex):
    program = vertex(**WAYS["captures"])
    members = {name: each["member"] for name, each in program.inputs.items() if name.startswith("fraud-key-")}
    assert members == {
        "fraud-key-vertex": "@{fraud-agent-vertex.member}",
        "fraud-key-registry": "@{fraud-agent-registry.member}",
        "fraud-key-storage": f"serviceAccount:service-{NUMBER}@gs-project-accounts.iam.gserviceaccount.com",
        "fraud-key-captures": f"serviceAccount:bq-{NUMBER}@bigquery-encryption.iam.gserviceaccount.com",
    }
    some = vertex({"existing": {"bucket": GIVEN["bucket"], "registry": GIVEN["registry"]}})
    assert [name for name in some.inputs if name.startswith("fraud-key-")] == ["fraud-key-vertex"]


@pytest.mark.parametrize("role", ["bucket", "accesslogs", "registry", "endpoint", "model-blue"])
def test_nothing_is_encrypted_before_its_service_may_use_the_key(vertex, role):
    program = vertex()
    before = {urn.rpartition("::")[2] for urn in program.request(f"fraud-{role}").dependencies}
    assert {"fraud-key-vertex", "fraud-key-registry", "fraud-key-storage"} <= before


def test_the_containers_account_may_read_models_and_nothing_else(vertex):
    program = vertex()
    grants = [each for each in program.inputs.values() if "@{fraud-account.member}" in str(each.get("member"))]
    assert grants == [
        {"bucket": "@{fraud-bucket.name}", "role": "roles/storage.objectViewer", "member": "@{fraud-account.member}"}
    ]


def test_networks_connect_to_a_private_endpoint_with_iam(vertex):
    program = vertex()
    said = program.inputs["fraud-endpoint"]["privateServiceConnectConfig"]
    assert said["enablePrivateServiceConnect"] and said["enableSecurePrivateServiceConnect"]
    assert said["projectAllowlists"] == [PROJECT]
    rule = program.inputs["fraud-private"]
    assert rule["target"] == "@{fraud-deployment-blue.serviceAttachment}"
    assert (rule["loadBalancingScheme"], rule["ipAddress"]) == ("", "@{fraud-address.selfLink}")
    open_ = vertex(security=Security(auth="none")).inputs["fraud-endpoint"]["privateServiceConnectConfig"]
    assert open_["enableSecurePrivateServiceConnect"] is False


def test_a_public_endpoint_has_a_name_of_its_own_and_no_network(vertex):
    program = vertex(security=PUBLIC)
    assert program.inputs["fraud-endpoint"]["dedicatedEndpointEnabled"] is True
    assert not {each for each in types(program) if each.startswith("gcp:compute")}
    assert program.result["endpoint"]["url"].startswith("https://@{fraud-endpoint.dedicatedEndpointDns}/v1/")


def test_from_the_network_that_is_made_nothing_but_the_endpoint_is_reached(vertex):
    program = vertex()
    closed, endpoint = (program.inputs[f"fraud-vpc-{role}"] for role in ("closed", "endpoint"))
    assert (closed["denies"], closed["destinationRanges"]) == ([{"protocol": "all"}], ["0.0.0.0/0"])
    assert endpoint["destinationRanges"] == [program.inputs["fraud-subnet"]["ipCidrRange"]]
    assert endpoint["priority"] < closed["priority"]
    assert program.inputs["fraud-vpc"]["deleteDefaultRoutesOnCreate"] is True


def test_the_smallest_machine_that_fits_is_taken(vertex):
    small = machines(vertex(compute=Compute(cpu=3, memory=Memory.parse("6Gi"))))["machineSpec"]
    assert small == {"machineType": "c3-highcpu-4"}
    gpu = machines(vertex(compute=GPU))["machineSpec"]
    assert gpu == {"machineType": "g2-standard-4", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1}


def test_every_machine_is_there_once_and_every_accelerator_has_googles_name():
    assert len({each.name for each in MACHINES}) == len(MACHINES)
    assert {each.accelerator for each in MACHINES if each.accelerator} == ACCELERATORS.keys()
    machine = {"machineType": "n1-standard-4", "acceleratorCount": 1}
    runs = [
        {"minReplicaCount": 1, "machineSpec": {**machine, "acceleratorType": each}} for each in ACCELERATORS.values()
    ]
    endpoint = f"{PLACE}/endpoints/1"
    model = f"{PLACE}/models/fraud@1"
    asked = [
        ("POST", f"{endpoint}:deployModel", {}, {"deployedModel": {"model": model, "dedicatedResources": each}})
        for each in runs
    ]
    assert [found for _, found in verdicts(asked) if found] == []


@pytest.mark.parametrize(
    ("target", "metric", "value"),
    [
        ({"metric": "cpu", "value": 60}, "cpu/utilization", 60),
        ({"metric": "accelerator", "value": 70}, "accelerator/duty_cycle", 70),
        ({"metric": "requestsPerSecond", "value": 5}, "request_count", 300),
    ],
)
def test_the_number_of_machines_follows_the_load(vertex, target, metric, value):
    found = machines(vertex(compute=GPU, scaling=Scaling(min=2, max=5, target=target)))
    assert (found["minReplicaCount"], found["maxReplicaCount"]) == (2, 5)
    name = f"aiplatform.googleapis.com/prediction/online/{metric}"
    assert found["autoscalingMetricSpecs"] == [{"metricName": name, "target": value}]


def test_a_fixed_number_of_machines_follows_nothing(vertex):
    found = machines(vertex(scaling=Scaling(min=3, max=3)))
    assert "autoscalingMetricSpecs" not in found
    assert found["minReplicaCount"] == found["maxReplicaCount"] == 3


def test_requests_are_kept_in_a_dataset_for_as_long_as_asked(vertex):
    program = vertex(**WAYS["captures"])
    dataset = program.inputs["fraud-captures"]
    assert dataset["defaultPartitionExpirationMs"] == 30 * 24 * 3600 * 1000
    assert dataset["defaultEncryptionConfiguration"] == {"kmsKeyName": "@{fraud-key.id}"}
    said = program.inputs["fraud-endpoint"]["predictRequestResponseLoggingConfig"]
    where = f"bq://{PROJECT}.fraud_dev_captures"
    assert said == {"enabled": True, "samplingRate": 0.2, "bigqueryDestination": {"outputUri": where}}
    assert program.result["capture_location"] == where
    assert "fraud-captures" not in vertex().inputs


def test_a_service_with_a_budget_has_one_of_its_label(vertex):
    assert "fraud-budget" not in vertex().inputs
    budget = vertex(budget=Money(amount=99.5)).inputs["fraud-budget"]
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "99", "nanos": 500_000_000}
    assert budget["budgetFilter"]["labels"] == {"service": "fraud"}
    assert budget["budgetFilter"]["projects"] == [f"projects/{NUMBER}"]


def test_a_container_that_takes_longer_to_start_is_waited_for(vertex):
    program = vertex(startup_seconds=900)
    spec = program.inputs["fraud-model-blue"]["containerSpec"]
    probe = spec["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] >= 900
    assert probe["periodSeconds"] < probe["timeoutSeconds"]
    assert spec["deploymentTimeout"] == "2700s"
    assert program.inputs["fraud-deployment-blue"]["seconds"] == 2700


def test_its_outputs_are_what_tools_rely_on(vertex):
    program = vertex()
    place = "https://@{fraud-address.address}/v1/@{fraud-endpoint.id}"
    sample = f"{program.inputs['fraud-bundle-blue']['bundle']}/sample.json"
    token = '-H "Authorization: Bearer $(gcloud auth print-access-token)"'
    assert program.result["endpoint"] == {
        "url": f"{place}:rawPredict",
        "auth": {"kind": "google", "audience": None, "principal": None},
        "health_url": None,
        "protocols": ["rest"],
    }
    assert program.result["invoke"] == (
        f"curl -k {token} -H 'Content-Type: application/json' --data-binary @{sample} {place}:rawPredict"
    )
    assert program.result["logs"].endswith(f"--freshness 1h --project {PROJECT}")


@pytest.mark.parametrize(
    ("environment", "sections", "lines"),
    [
        ({"existing": {"key": "key-1"}}, {}, ("modelport:existing.key", "no name of a key")),
        ({"existing": {"bucket": "s3://models"}}, {}, ("modelport:existing.bucket", "no address in Cloud Storage")),
        ({"existing": {"role": "role-1"}}, {}, ("modelport:existing.role", "no service account")),
        ({"existing": {"registry": "registry.example/1"}}, {}, ("modelport:existing.registry", "Artifact Registry")),
        (
            {"existing": {"registry": f"us-central1-docker.pkg.dev/{PROJECT}/team"}, "regions": {"vertex": REGION}},
            {},
            ("modelport:existing.registry", "it is in us-central1", f"Name one in {REGION}."),
        ),
        ({"existing": {"vpc": GIVEN["vpc"]}}, {}, ("modelport:existing.subnets", "Name one subnet")),
        ({"existing": {"subnets": GIVEN["subnets"]}}, {}, ("modelport:existing.vpc", "Name the network")),
        (
            {"existing": {"vpc": GIVEN["vpc"], "subnets": GIVEN["subnets"]}},
            {"security": PUBLIC},
            ("modelport:existing.vpc", "in no network"),
        ),
        ({}, {"security": Security(exposure="public", auth="none")}, ("security.auth", "IAM lets call it")),
        ({}, {"request": Request(payload=Memory.parse("10Mi"))}, ("request.payload", "at most 10 MB")),
        ({}, {"request": Request(timeout="11m")}, ("request.timeout", "waits 600 seconds")),
        ({}, {"scaling": Scaling(min=2, max=3, target={"metric": "waiting", "value": 2})}, ("scaling.target.metric",)),
        ({}, {"compute": Compute(cpu=192)}, ("compute.cpu",)),
        ({"image": "registry.example/server:latest"}, {}, ("modelport:image", "without a digest")),
    ],
)
def test_what_vertex_does_not_take_is_refused_before_anything_is_made(args, environment, sections, lines):
    service, told = args({"image": IMAGE, **environment}, **sections), []

    def run():
        with pytest.raises(pulumi.RunError) as failed:
            VertexService("fraud", service)
        told.append(str(failed.value))

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []
    assert all(line in told[0] for line in lines), told[0]


def test_a_stack_without_a_region_is_refused(args):
    service = args({"image": IMAGE})

    def run():
        with pytest.raises(pulumi.RunError, match="gcp:region"):
            VertexService("fraud", service)

    assert GcpProgram.run(run, {}).requests == []


def test_several_regions_are_several_providers(args):
    service = args({"image": IMAGE})

    def run():
        for region in ("europe-west4", "us-central1"):
            provider = pulumi_gcp.Provider(region, project=PROJECT, region=region)
            VertexService(f"fraud-{region}", service, pulumi.ResourceOptions(providers=[provider]))

    program = GcpProgram.run(run)
    for region in ("europe-west4", "us-central1"):
        assert program.inputs[f"fraud-{region}-endpoint"]["location"] == region
        assert program.inputs[f"fraud-{region}-model-blue"]["location"] == region
        assert program.inputs[f"fraud-{region}-image-blue"]["repository"].startswith(f"{region}-docker.pkg.dev/")


@pytest.mark.parametrize(
    ("key", "value", "stays"), [("accessToken", "t", False), ("credentials", "key.json", True), ("project", "p", True)]
)
def test_who_the_stack_is_to_google_is_said_to_all_of_it(args, monkeypatch, key, value, stays):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
    service, told = args({"image": IMAGE}), []

    def run():
        try:
            VertexService("fraud", service)
        except pulumi.RunError as error:
            told.append(str(error))

    made = GcpProgram.run(run, {"gcp:region": REGION, f"gcp:{key}": value}).requests
    assert bool(made) is stays
    assert stays or f"gcp:{key}" in told[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("f" * 43, "Take a name that is 1 shorter."),
        ("Fraud", "Take a name of such characters."),
        ("1-fraud", "begin with a letter"),
    ],
)
def test_names_that_google_does_not_take_are_refused(args, name, words):
    service = args({"image": IMAGE})

    def run():
        with pytest.raises(pulumi.RunError, match=re.escape(words)):
            VertexService(name, service)

    assert GcpProgram.run(run, {"gcp:region": REGION}).requests == []


def test_a_name_of_the_longest_kind_is_taken(args):
    service, name = args({"image": IMAGE}), "f" * 42
    program = GcpProgram.run(lambda: VertexService(name, service).outputs, {"gcp:region": REGION})
    assert max(len(each) for each in program.inputs if each.endswith("-vpc-endpoint")) + len("-1234567") == 63
