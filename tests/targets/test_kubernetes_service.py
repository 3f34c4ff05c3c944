"""What a service becomes on Kubernetes."""

import re
from pathlib import Path

import pulumi
import pulumi_kubernetes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import clouds
from support.golden import golden
from support.pod_security import faults, lax
from support.program import Program

from modelport import KubernetesService, ModelService
from modelport.bundle import build
from modelport.providers.artifact import ArtifactBundle as Crud
from modelport.spec import (
    Compute,
    Metadata,
    Model,
    Pipeline,
    Protocols,
    Release,
    Releases,
    Request,
    Scaling,
    Serving,
)
from modelport.targets.artifact import bundle_inputs
from modelport.targets.kubernetes import objects, sdk
from modelport.targets.kubernetes.pods.availability import WITHDRAWAL_SECONDS

DIGEST = f"sha256:{'0' * 64}"
OTHER_IMAGE = f"registry.example/other@sha256:{'b' * 64}"
GOLDEN = """\
modelport:kubernetes:Service fraud
kubernetes:core/v1:Namespace fraud-namespace
kubernetes:core/v1:ResourceQuota fraud-quota
kubernetes:core/v1:LimitRange fraud-limits
kubernetes:core/v1:ServiceAccount fraud-identity
kubernetes:scheduling.k8s.io/v1:PriorityClass fraud-priority
kubernetes:networking.k8s.io/v1:NetworkPolicy fraud-deny
kubernetes:networking.k8s.io/v1:NetworkPolicy fraud-network
modelport:artifact:Bundle fraud-bundle-blue
kubernetes:core/v1:ConfigMap fraud-settings-blue
kubernetes:apps/v1:Deployment fraud-server-blue
kubernetes:policy/v1:PodDisruptionBudget fraud-disruption-blue
kubernetes:autoscaling/v2:HorizontalPodAutoscaler fraud-autoscaler-blue
kubernetes:core/v1:Service fraud-service"""
"""Types and logical names are public: another one needs an alias and a line in the changelog."""
ALL_EXISTING = {
    "namespace": "serving",
    "role": "runner",
    "priority_class": "high",
    "pull_secret": "registry",
    "store_secret": "store",
}


def pod_of(program, slot="blue"):
    return program.inputs[f"fraud-server-{slot}"]["spec"]["template"]["spec"]


def server_of(program):
    (server,) = pod_of(program)["containers"]
    return server


def rules_of(program):
    return program.inputs["fraud-network"]["spec"]


def kinds(program):
    return sorted(request.type.rpartition(":")[2] for request in program.requests)


@pytest.fixture
def refusal(args):
    """Why a service is refused; nothing may be registered before."""

    def refusal(environment=None, config=None, opts=None, **sections):
        service, told = (
            args({"existing": {"registry": "registry.example/models"}, **(environment or {})}, **sections),
            [],
        )

        def run():
            with pytest.raises(pulumi.RunError) as failed:
                KubernetesService("fraud", service)
            told.append(str(failed.value))

        program = Program.run(run, {"kubernetes:context": "test"} if config is None else config)
        assert program.requests == []
        return told[0]

    return refusal


def test_types_and_logical_names_are_the_published_ones(kubernetes):
    assert sorted(kubernetes().names) == sorted(GOLDEN.splitlines())


def test_the_planned_objects_are_the_reviewed_ones(kubernetes, project):
    program = kubernetes()
    planned = {name: program.inputs[name] for name in sorted(program.inputs)}
    hex_ = program.inputs["fraud-bundle-blue"]["digest"].removeprefix("sha256:")
    revision = program.inputs["fraud-bundle-blue"]["revision"]
    reviewed, found = golden(
        "kubernetes.json",
        planned,
        {str(project): "PROJECT", hex_: "DIGEST", hex_[:12]: "VERSION", revision: "REVISION"},
    )
    assert found == reviewed


def test_its_resources_are_its_children_of_the_sdks_own_types(args, kubernetes):
    program = kubernetes()
    assert all(
        program.request(name).parent.endswith("modelport:kubernetes:Service::fraud")
        for name in program.inputs
        if name != "fraud"
    )
    service, made = args({"image": OTHER_IMAGE, "existing": {"registry": "registry.example/models"}}), []
    Program.run(lambda: made.append(KubernetesService("fraud", service)), {"kubernetes:context": "test"})
    assert isinstance(made[0].resources["server-blue"], pulumi_kubernetes.apps.v1.Deployment)


def test_its_outputs_are_what_tools_rely_on(kubernetes):
    program = kubernetes()
    outputs = program.result
    sample = f"{program.inputs['fraud-bundle-blue']['bundle']}/sample.json"
    assert outputs == {
        "endpoint": {
            "url": "http://fraud-dev.fraud-dev.svc/v2/models/fraud",
            "auth": {"kind": "none", "audience": None, "principal": None},
            "health_url": "http://fraud-dev.fraud-dev.svc/v2/health/ready",
            "protocols": ["rest"],
        },
        "image": {"digest": f"sha256:{'a' * 64}"},
        "live": [{"version": "1", "digest": program.inputs["fraud-bundle-blue"]["digest"], "weight": 100}],
        "dashboards": [],
        "alerts": [],
        "capture_location": None,
        "logs": "kubectl --context test --namespace fraud-dev logs --selector app.kubernetes.io/name=fraud,"
        "app.kubernetes.io/instance=fraud-dev --container server --prefix --tail 100",
        "invoke": "(kubectl --context test --namespace fraud-dev port-forward service/fraud-dev 18080:http >/dev/null "
        "& trap 'kill $!' EXIT; curl -sS --retry 20 --retry-connrefused -H 'Content-Type: application/json' "
        f"--data-binary @{sample} http://127.0.0.1:18080/v2/models/fraud/infer)",
    }


def test_every_object_carries_the_tags_as_labels_and_cloud_artefacts_as_tags(kubernetes):
    program = kubernetes(metadata=Metadata(name="fraud", owner="risk & fraud", labels={"team": "blue"}))
    for name, inputs in program.inputs.items():
        labels = inputs["metadata"]["labels"] if "metadata" in inputs else inputs["tags"]
        assert {"owner": "risk-fraud", "team": "blue", "service": "fraud", "stack": "dev"}.items() <= labels.items(), (
            name
        )


# the cluster


def test_a_stack_that_does_not_name_its_cluster_is_refused(refusal):
    told = refusal({"image": OTHER_IMAGE}, config={})
    assert told.startswith("kubernetes:context\n  required, but missing")
    assert "pulumi config set kubernetes:context NAME" in told


@pytest.mark.parametrize("how", ["provider", "providers", "mapping", "parent"])
def test_a_provider_that_is_given_names_the_cluster(args, how):
    service = args({"image": OTHER_IMAGE, "existing": {"registry": "registry.example/models"}})

    class Team(pulumi.ComponentResource):
        def __init__(self, mine):
            super().__init__("acme:index:Team", "team", None, pulumi.ResourceOptions(providers=[mine]))

    def program():
        mine = pulumi_kubernetes.Provider("mine", context="mine")
        opts = {
            "provider": lambda: pulumi.ResourceOptions(provider=mine),
            "providers": lambda: pulumi.ResourceOptions(providers=[mine]),
            "mapping": lambda: pulumi.ResourceOptions(providers={"kubernetes": mine}),
            "parent": lambda: pulumi.ResourceOptions(parent=Team(mine)),
        }[how]()
        return KubernetesService("fraud", service, opts).outputs

    ran = Program.run(program)
    assert "pulumi:providers:kubernetes::mine" in ran.request("fraud-server-blue").provider
    assert "--context" not in ran.result["logs"]


def test_a_whole_service_without_a_cluster_registers_nothing(args):
    service = args({"image": OTHER_IMAGE, "existing": {"registry": "registry.example/models"}})
    several = service.environment.model_copy(update={"targets": ("kubernetes",)})

    def run():
        with pytest.raises(pulumi.RunError, match="kubernetes:context"):
            ModelService("fraud", type(service)(service.spec, several))

    assert Program.run(run).requests == []


# hardening

COMPUTE = st.builds(
    Compute,
    cpu=st.floats(0.001, 192, allow_nan=False).map(lambda cores: round(cores, 3)),
    memory=st.sampled_from(["64Mi", "1536Mi", "2Gi", "1Ti"]),
)
SERVICES = st.fixed_dictionaries(
    {
        "compute": COMPUTE,
        "scaling": st.integers(1, 40).map(lambda count: Scaling(min=count, max=max(count, 4))),
        "request": st.builds(Request, timeout=st.sampled_from(["1s", "1500ms", "55s", "1h"]), payload=st.just("2Mi")),
        "startup_seconds": st.integers(1, 3600),
        "protocols": st.booleans().map(lambda spoken: Protocols(grpc=spoken)),
        "serving": st.builds(
            Serving, image=st.sampled_from([None, OTHER_IMAGE]), delivery=st.sampled_from(["initContainer", "pvc"])
        ),
    }
)
PLACES = st.fixed_dictionaries(
    {"namespace": st.just("serving"), "claim": st.just("models")},
    optional={
        **{name: st.just("given") for name in ("role", "priority_class", "pull_secret", "store_secret", "prometheus")},
        "callers": st.just(("shop", "bank")),
        "bucket": st.sampled_from(["s3://models", "gs://models/x", "azblob://account/models"]),
        "identity": st.sampled_from(
            [{"iam.gke.io/gcp-service-account": "x"}, {"azure.workload.identity/client-id": "x"}]
        ),
    },
) | st.just({})
FIXTURES = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])


def sensible(config):
    sections, existing = config
    return existing or sections["serving"].delivery != "pvc"


@FIXTURES
@given(st.tuples(SERVICES, PLACES).filter(sensible))
def test_every_pod_of_every_service_is_hardened(kubernetes, config):
    sections, existing = config
    program = kubernetes({"existing": existing}, **sections)
    pod = pod_of(program)
    assert faults(pod) == []
    assert lax(pod) == []
    mounted = {
        mount["name"] for each in [*pod.get("initContainers", []), *pod["containers"]] for mount in each["volumeMounts"]
    }
    assert mounted == {volume["name"] for volume in pod["volumes"]}


@FIXTURES
@given(st.tuples(SERVICES, PLACES).filter(sensible))
def test_every_service_stays_up_through_starts_updates_and_drains(kubernetes, config):
    sections, existing = config
    program = kubernetes({"existing": existing}, **sections)
    deployment, server, pod = program.inputs["fraud-server-blue"]["spec"], server_of(program), pod_of(program)
    startup, probe = sections["startup_seconds"], server["startupProbe"]
    allowed = probe["periodSeconds"] * probe["failureThreshold"]
    assert startup <= allowed < startup + probe["periodSeconds"]
    assert deployment["progressDeadlineSeconds"] > startup
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert deployment["strategy"]["rollingUpdate"]["maxSurge"] == "25%"
    longest, drain = (
        sections["request"].timeout.seconds,
        int(program.inputs["fraud-settings-blue"]["data"]["MODELPORT_DRAIN"]),
    )
    assert server["lifecycle"]["preStop"]["sleep"]["seconds"] == WITHDRAWAL_SECONDS
    assert drain >= longest
    assert pod["terminationGracePeriodSeconds"] > WITHDRAWAL_SECONDS + drain


@FIXTURES
@given(st.tuples(SERVICES, PLACES).filter(sensible))
def test_labels_selectors_and_ports_fit_together(kubernetes, config):
    sections, existing = config
    program = kubernetes({"existing": existing}, **sections)
    template = program.inputs["fraud-server-blue"]["spec"]["template"]["metadata"]["labels"]
    selectors = [
        program.inputs["fraud-service"]["spec"]["selector"],
        program.inputs["fraud-server-blue"]["spec"]["selector"]["matchLabels"],
        program.inputs["fraud-disruption-blue"]["spec"]["selector"]["matchLabels"],
        rules_of(program)["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= template.items() for selector in selectors)
    open_ports = {port["name"]: port["containerPort"] for port in server_of(program)["ports"]}
    assert {port["targetPort"] for port in program.inputs["fraud-service"]["spec"]["ports"]} == set(open_ports)
    allowed = {port["port"] for port in rules_of(program)["ingress"][0]["ports"]}
    assert allowed == set(open_ports.values())
    settings_ = program.inputs["fraud-settings-blue"]["data"]
    assert {
        f"MODELPORT_{name.upper()}_PORT": f"{port:g}" for name, port in open_ports.items()
    }.items() <= settings_.items()
    for inputs in program.inputs.values():
        for key, value in inputs.get("metadata", {}).get("labels", {}).items():
            assert re.fullmatch(r"([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", key)
            assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?", value)


# the network


def test_what_no_rule_allows_is_denied_in_both_directions(kubernetes):
    program = kubernetes()
    assert program.inputs["fraud-deny"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert rules_of(program)["policyTypes"] == ["Ingress", "Egress"]


def test_only_its_own_namespace_calls_unless_others_are_named(kubernetes):
    assert rules_of(kubernetes())["ingress"][0]["from"] == [{"podSelector": {}}]
    named = rules_of(kubernetes({"existing": {"callers": ("shop",), "prometheus": "monitoring"}}))["ingress"]
    shop, monitoring = (
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}} for name in ("shop", "monitoring")
    )
    assert named[0]["from"] == [{"podSelector": {}}, shop]
    assert named[1] == {"from": [monitoring], "ports": [{"port": 8080, "protocol": "TCP"}]}


def test_pods_reach_dns_and_the_store_of_their_model(kubernetes):
    dns, store = rules_of(kubernetes({"existing": {"registry": "registry.example:5000/models"}}))["egress"]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}
    assert store == {"ports": [{"port": 5000, "protocol": "TCP"}]}
    assert rules_of(kubernetes({"existing": {"bucket": "s3://models"}}))["egress"][1]["ports"][0]["port"] == 443


def test_pods_that_fetch_nothing_reach_nothing(kubernetes):
    existing = {"namespace": "serving", "claim": "models"}
    assert rules_of(kubernetes({"existing": existing}, serving=Serving(delivery="pvc"))).get("egress") is None


def test_an_identity_of_google_is_asked_of_the_metadata_server(kubernetes):
    egress = rules_of(kubernetes({"existing": {"identity": {"iam.gke.io/gcp-service-account": "a@b"}}}))["egress"]
    assert [rule["to"][0]["ipBlock"]["cidr"] for rule in egress[2:]] == ["169.254.169.254/32", "169.254.169.252/32"]


# what exists


def test_with_everything_existing_nothing_of_the_cluster_is_made(kubernetes):
    program = kubernetes({"existing": ALL_EXISTING})
    assert kinds(program) == [
        "Bundle", "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget",
        "Service", "Service",
    ]  # fmt: skip
    assert {inputs["metadata"]["namespace"] for inputs in program.inputs.values() if "metadata" in inputs} == {
        "serving"
    }
    pod = pod_of(program)
    assert (pod["serviceAccountName"], pod["priorityClassName"]) == ("runner", "high")
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_existing_names_may_be_outputs(kubernetes):
    program = kubernetes(
        {
            "existing": {
                "namespace": pulumi.Output.from_input("later"),
                "registry": pulumi.Output.from_input("r.example"),
            }
        }
    )
    assert program.inputs["fraud-service"]["metadata"]["namespace"] == "later"
    assert program.inputs["fraud-bundle-blue"]["target"] == "oci://r.example/fraud"
    assert program.result["endpoint"]["url"] == "http://fraud-dev.later.svc/v2/models/fraud"


def test_a_cloud_identity_is_bound_by_annotations_and_never_a_token(kubernetes):
    program = kubernetes({"existing": {"identity": {"azure.workload.identity/client-id": "42"}}})
    account = program.inputs["fraud-identity"]
    assert account["metadata"]["annotations"] == {"azure.workload.identity/client-id": "42"}
    assert account["automountServiceAccountToken"] is False
    labels = program.inputs["fraud-server-blue"]["spec"]["template"]["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"


# the image


def test_an_image_that_is_in_the_registry_is_taken_from_there(kubernetes):
    assert "fraud-image" not in kubernetes().inputs


@pytest.mark.parametrize("source", [OTHER_IMAGE, f"oci-layout:dist/image/cpu@{DIGEST}"])
def test_an_image_from_elsewhere_is_copied_to_the_registry(kubernetes, project, source):
    program = kubernetes({"image": source, "existing": {"registry": "registry.example/mine"}})
    image = program.inputs["fraud-image"]
    assert image["repository"] == "registry.example/mine/modelport-server"
    assert image["digest"] == source.rpartition("@")[2]
    assert image["source"] in (OTHER_IMAGE, f"oci-layout:{project}/dist/image/cpu")
    assert server_of(program)["image"] == "registry.example/models/modelport-server@sha256:copied"


def test_an_image_of_the_services_own_serves_and_the_stacks_fetches(kubernetes):
    program = kubernetes(serving=Serving(image=OTHER_IMAGE))
    assert server_of(program)["image"] == OTHER_IMAGE
    assert (
        pod_of(program)["initContainers"][0]["image"] == f"registry.example/models/modelport-server@sha256:{'a' * 64}"
    )
    assert program.result["image"] == {"digest": OTHER_IMAGE.rpartition("@")[2]}


# delivery


def env_of(container):
    return {each["name"]: each["value"] for each in container["env"]}


def test_a_model_of_this_machine_is_brought_to_the_registry_and_fetched_from_there(kubernetes):
    program = kubernetes()
    bundle = program.inputs["fraud-bundle-blue"]
    (fetch,) = pod_of(program)["initContainers"]
    assert bundle["target"] == "oci://registry.example/models/fraud"
    assert fetch["args"] == ["fetch"]
    assert env_of(fetch) == {
        "MODELPORT_MODEL": "oci://registry.example/models/fraud@sha256:of-the-artefact",
        "MODELPORT_DIGEST": bundle["digest"],
        "MODELPORT_CACHE": "/mnt/models",
    }
    settings_ = program.inputs["fraud-settings-blue"]["data"]
    assert (settings_["MODELPORT_MODEL"], settings_["MODELPORT_DIGEST"]) == ("/mnt/models", bundle["digest"])


def test_a_bucket_goes_before_the_registry(kubernetes):
    program = kubernetes({"existing": {"bucket": "s3://models/prod"}})
    assert program.inputs["fraud-bundle-blue"]["target"] == "s3://models/prod/fraud"


def test_secrets_reach_the_init_container_by_reference_alone(kubernetes):
    program = kubernetes({"existing": ALL_EXISTING})
    (fetch,), (server,) = (pod_of(program)[kind] for kind in ("initContainers", "containers"))
    assert fetch["envFrom"] == [{"secretRef": {"name": "store"}}]
    assert env_of(fetch)["DOCKER_CONFIG"] == "/etc/registry"
    assert "secretRef" not in str(server)
    assert "registry" not in {mount["name"] for mount in server["volumeMounts"]}


def test_a_login_for_registries_is_not_shown_where_none_is_asked(kubernetes):
    program = kubernetes({"existing": {**ALL_EXISTING, "bucket": "s3://models"}})
    assert "DOCKER_CONFIG" not in env_of(pod_of(program)["initContainers"][0])


def test_a_volume_claim_holds_the_bundle_under_its_digest_and_is_never_written(kubernetes):
    program = kubernetes({"existing": {"namespace": "serving", "claim": "models"}}, serving=Serving(delivery="pvc"))
    pod, settings_ = pod_of(program), program.inputs["fraud-settings-blue"]["data"]
    assert "initContainers" not in pod
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}
    assert settings_["MODELPORT_MODEL"] == f"/mnt/models/{settings_['MODELPORT_DIGEST'].removeprefix('sha256:')}"


@pytest.fixture
def published(project):
    """The address, by digest, of a bundle in a registry."""
    bundle = build(project / "double.onnx", project / "bundle", name="double")
    with clouds.serving(clouds.Oci()) as cloud:
        inputs = {**bundle_inputs(bundle), "target": f"oci://127.0.0.1:{cloud.port}/models/double"}
        yield Crud().create(inputs, lambda text: None)[0]


def test_a_bundle_in_a_store_is_fetched_from_where_it_is(kubernetes, published):
    program = kubernetes({"existing": {"registry": None}}, model=Model(source=published))
    (fetch,) = pod_of(program)["initContainers"]
    assert "fraud-bundle-blue" not in program.inputs
    assert env_of(fetch)["MODELPORT_MODEL"] == published
    port = int(re.search(r":(\d+)/", published)[1])
    assert rules_of(program)["egress"][1] == {"ports": [{"port": port, "protocol": "TCP"}]}
    assert program.result["endpoint"]["url"].endswith("/v2/models/double")


def test_an_image_volume_is_mounted_by_digest_and_pods_fetch_nothing(kubernetes, published):
    program = kubernetes(model=Model(source=published), serving=Serving(delivery="imageVolume"))
    pod = pod_of(program)
    reference = published.removeprefix("oci://")
    assert pod["volumes"][0] == {"name": "model", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}
    assert "initContainers" not in pod
    assert (faults(pod), lax(pod), rules_of(program).get("egress")) == ([], [], None)
    assert program.inputs["fraud-settings-blue"]["data"]["MODELPORT_MODEL"] == "/mnt/models"


# rules


@pytest.mark.parametrize(
    ("environment", "sections", "path", "words"),
    [
        ({}, {}, "modelport:image", "`make image` writes one"),
        ({"image": "registry.example/server:v1"}, {}, "modelport:image", "without a digest"),
        ({"image": OTHER_IMAGE}, {"serving": Serving(image="registry/x:1")}, "serving.image", "HOST/REPOSITORY@sha256"),
        ({"image": f"oci-layout:x@{DIGEST}", "existing": {}}, {}, "modelport:image", "existing.registry"),
        ({"image": OTHER_IMAGE, "existing": {}}, {}, "model.source", "existing.registry or modelport:existing.bucket"),
        ({"image": OTHER_IMAGE, "existing": {}}, {"model": Model(source="s3://b/x.onnx")}, "model.source", "existing."),
        (
            {"image": OTHER_IMAGE, "existing": {}},
            {"model": Model(source="s3://b/x", pipeline=Pipeline(before=("double.onnx",)))},
            "model.source",
            "existing.",
        ),
        ({"image": OTHER_IMAGE, "existing": {"bucket": "models"}}, {}, "modelport:existing.bucket", "s3://BUCKET"),
        ({"image": OTHER_IMAGE}, {"serving": Serving(delivery="pvc")}, "serving.delivery", "existing.claim"),
        ({"image": OTHER_IMAGE}, {"serving": Serving(delivery="imageVolume")}, "model.source", "oci://HOST"),
        (
            {"image": OTHER_IMAGE},
            {"serving": Serving(delivery="imageVolume"), "model": Model(source="oci://registry.example/fraud:v1")},
            "model.source",
            "by digest",
        ),
        (
            {"image": OTHER_IMAGE, "existing": {"pull_secret": "r"}},
            {},
            "modelport:existing.pullSecret",
            "existing.namespace",
        ),
        (
            {
                "image": OTHER_IMAGE,
                "releases": {"fraud": Releases(stable=Release(source="double.onnx", image="r/x:1"))},
            },
            {},
            "modelport:releases.fraud.stable.image",
            "without a digest",
        ),
    ],
)
def test_what_pods_cannot_run_with_is_refused_with_what_to_do(refusal, environment, sections, path, words):
    told = refusal(environment, **sections)
    place = told.index(f"{path}")
    assert "MP401 refused by kubernetes" in told[place:]
    assert words in told[place:]


def test_everything_that_is_wrong_is_told_at_once(refusal):
    told = refusal({"existing": {"role": "runner"}}, serving=Serving(delivery="pvc"))
    assert "3 problems, nothing was changed." in told


# slots


def test_a_promoted_version_keeps_its_pods(kubernetes):
    promoted = {"fraud": Releases(stable=Release(source="double.onnx", slot="green"))}
    blue, green = kubernetes(), kubernetes({"releases": promoted})
    assert "fraud-server-blue" not in green.inputs
    assert green.inputs["fraud-server-green"]["metadata"]["name"] == "fraud-dev-green"
    assert green.inputs["fraud-service"]["spec"]["selector"]["modelport/slot"] == "green"
    assert green.inputs["fraud-service"]["metadata"] == blue.inputs["fraud-service"]["metadata"]


def test_what_two_slots_have_never_has_one_name(kubernetes):
    promoted = {"fraud": Releases(stable=Release(source="double.onnx", slot="green"))}
    blue, green = kubernetes(), kubernetes({"releases": promoted})
    for role in ("settings", "server", "disruption", "autoscaler"):
        one, other = blue.inputs[f"fraud-{role}-blue"], green.inputs[f"fraud-{role}-green"]
        assert one["metadata"]["name"] != other["metadata"]["name"]


def test_slots_that_collide_are_refused():
    with pytest.raises(ValueError, match="slot of the other version"):
        Releases(stable=Release(source="a"), candidate=Release(source="b", slot="blue"), weight=0)
    assert Releases(stable=Release(source="a", slot="green"), candidate=Release(source="b"), weight=0).slots == (
        "green",
        "blue",
    )


def test_what_is_imported_before_is_what_objects_come_from():
    modules = {each.of.partition(":")[0] for each in vars(objects).values() if isinstance(each, objects.Kind)}
    imported = re.findall(r"^import pulumi_kubernetes\.(\S+)", Path(sdk.__file__).read_text(), re.MULTILINE)
    assert {*imported} == {*modules, "apiextensions"}
