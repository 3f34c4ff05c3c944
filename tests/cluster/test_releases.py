"""`modelport rollout` on a real API server: who gets which share of the requests, after every step and meanwhile."""

import json
import threading
from contextlib import contextmanager

import pytest
from cluster.bed.api import ApiError
from cluster.bed.waiting import until
from cluster.services import DIGEST, Service
from cluster.test_scaling import KEDA, WEEK
from ruamel.yaml import YAML
from support.console import Console
from support.models import save, scaling

pytestmark = pytest.mark.timeout(900)  # a dozen updates, each with its preview and the policies

PROGRAM = """
import pulumi
from modelport import ModelService

(name,) = pulumi.Config("modelport").require_object("services")
pulumi.export("services", {name: ModelService.from_file(f"services/{name}.yaml").outputs})
"""
GATEWAY_API = "gateway.networking.k8s.io/v1"
INSIDE = {"domain": "models.example.com", "internalGateway": "edge/lan/https"}
OPEN = {"security": {"exposure": "internal", "auth": "none", "dataClass": "internal"}, "protocols": {"grpc": True}}


class Trial(Service):
    """A service whose stack file and cluster `modelport` changes."""

    def __init__(self, cluster, console, registry):
        super().__init__(cluster, console, registry)
        self.fields = {
            "metadata": {"name": self.name, "owner": "risk", "costCenter": "c1"},
            "model": {"source": "../model.onnx"},
            "governance": {"riskClass": "minimal"},
            "startupSeconds": 60,
        }
        self.config = {"modelport:services": [self.name]}

    def begin(self):
        """Bring the service up as it is described here."""
        self.put(self.stack.folder / "services" / f"{self.name}.yaml", self.fields)
        self.put(self.stack.folder / "Pulumi.dev.yaml", {"config": self.wanted_config()})
        self.raised()

    def up(self):
        """Bring it up as its files describe it, with the policies."""
        return self.modelport("up", "--yes")

    def raised(self):
        answer = self.up()
        assert answer.code == 0, answer.err

    def move_to(self, slot):
        """Have the stable version in a slot, as it is after a rollout."""
        stable = {"source": self.fields["model"]["source"], "slot": slot}
        self.config["modelport:releases"] = {self.name: {"stable": stable}}
        self.begin()

    def rollout(self, word, *words):
        answer = self.try_to(word, *words)
        assert answer.code == 0, answer.err
        return answer

    def try_to(self, word, *words):
        return self.modelport("rollout", word, self.name, *words, "--yes")

    def modelport(self, *words):
        return self.stack.run(*words, "-s", "dev")

    def changes_nothing(self):
        """Whether a further update has nothing to do."""
        return set(self.stack.up().changes) == {"same"}

    def put(self, file, document):
        with file.open("w") as stream:
            YAML().dump(document, stream)

    def slots(self):
        """The set of pods behind each Service."""
        return {
            each["metadata"]["name"]: each["spec"]["selector"]["modelport/slot"]
            for each in self.objects("v1", "Service")
        }

    def routes(self):
        return [route for kind in ("HTTPRoute", "GRPCRoute") for route in self.objects(GATEWAY_API, kind)]

    def shares(self):
        """What each set of pods gets of the requests from outside, in percent, whatever their protocol."""
        slots, (http, grpc) = self.slots(), map(weights, self.routes())
        assert http == grpc
        return {slots[name]: weight for name, weight in http.items()}

    def versions(self):
        """The share of each version, by its digest: as the cluster has them and as the outputs say."""
        versions = {
            slot: each["metadata"]["labels"]["app.kubernetes.io/version"] for slot, each in self.deployments().items()
        }
        outputs = self.modelport("outputs", "--json").json["services"][self.name]["targets"]["kubernetes"]["live"]
        said = {each["digest"].removeprefix("sha256:")[:12]: each["weight"] for each in outputs}
        return {versions[slot]: weight for slot, weight in self.shares().items()}, said

    def ready(self, service):
        """How many pods answer for a Service."""
        of_service = f"kubernetes.io/service-name={service}"
        slices = self.cluster.api.list("discovery.k8s.io/v1", "EndpointSlice", self.namespace, labels=of_service)
        return sum(bool(each["conditions"].get("ready")) for slice in slices for each in slice["endpoints"] or [])

    def unready(self, slot):
        """Have the pods of a slot fail their probes from now on."""
        of_slot = f"app.kubernetes.io/name={self.name},modelport/slot={slot}"
        for pod in self.cluster.api.list("v1", "Pod", self.namespace, labels=of_slot):
            conditions = [{"type": kind, "status": "False"} for kind in ("Ready", "ContainersReady")]
            path = self.cluster.api.path("v1", "Pod", pod["metadata"]["name"], self.namespace)
            self.cluster.api.ask(
                "PATCH",
                f"{path}/status",
                content=json.dumps({"status": {"conditions": conditions}}),
                headers={"Content-Type": "application/strategic-merge-patch+json"},
            )

    @contextmanager
    def watched(self):
        """Fails if a Service leads to no pod that is ready, from when a share of the requests is its, or was.

        A gateway may know only earlier routes; callers within the cluster know the service's own name.
        """
        stop, seen, failed, known = threading.Event(), [], [], {self.full}

        def watch():
            while not stop.wait(0.1):
                try:
                    seen.append(self.answering(known))
                except ApiError:  # what it asked about has just gone
                    continue
                except Exception as error:
                    failed.append(error)
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            stop.set()
            watcher.join()
        assert failed == []
        moments = [each for each in seen if each]
        assert len(moments) > 10
        dead = [each for each in moments if not all(each.values())]
        assert dead == [], f"{len(dead)} of {len(moments)} moments"

    def answering(self, known):
        """How many pods answer for each Service that gets requests, or did; None when that changed meanwhile."""
        routes = self.routes()
        current = {name for route in routes for name, weight in weights(route).items() if weight}
        found = {name: self.ready(name) for name in known | current}
        if self.routes() != routes:
            return None
        known |= current
        return found


def weights(route):
    (rule,) = route["spec"]["rules"]
    return {each["name"]: each["weight"] for each in rule["backendRefs"]}


@pytest.fixture
def trial(cluster, crds, registry, tmp_path):
    """A service of a stack with a further model, brought up by nobody yet; it is destroyed afterwards."""
    with Console(tmp_path / "project") as console:
        (console.folder / "services").mkdir()
        console.write("__main__.py", PROGRAM)
        save(scaling(3.0), console.folder / "next.onnx")
        trial = Trial(cluster, console, registry)
        yield trial
        console.destroy()


@pytest.fixture
def open_trial(trial):
    """One that a gateway leads to, in whose other slot what is not ready is told soon."""
    trial.existing = INSIDE
    trial.fields = {**trial.fields, **OPEN}
    soon = {"properties": {"spec": {"progressDeadlineSeconds": 5}}, "options": {"customTimeouts": {"update": "5s"}}}
    trial.config["modelport:resources"] = {f"{trial.name}-kubernetes-server-green": soon}
    trial.begin()
    return trial


STEPS = [
    (["start", "--source", "../next.onnx", "--weight", "0"], {"blue": 100, "green": 0}),
    (["step"], {"blue": 90, "green": 10}),
    (["promote"], {"green": 100}),
]
FROM_GREEN = [
    (["start", "--source", "../next.onnx"], {"green": 90, "blue": 10}),
    (["promote"], {"blue": 100}),
]


@pytest.mark.parametrize(("slot", "steps"), [("blue", STEPS), ("green", FROM_GREEN)])
def test_a_version_takes_over_step_by_step_in_the_slot_that_is_free(open_trial, slot, steps):
    if slot == "green":
        open_trial.move_to(slot)
    assert open_trial.shares() == {slot: 100}
    with open_trial.watched() as seen:
        for words, wanted in steps:
            open_trial.rollout(*words)
            assert open_trial.shares() == wanted, words
            live, said = open_trial.versions()
            assert live == said
            assert sorted(live.values()) == sorted(wanted.values())
            assert open_trial.deployments().keys() == wanted.keys()
            assert open_trial.changes_nothing(), words
    assert {len(each) for each in seen if each} == {1, 2}


def test_a_candidate_that_is_dropped_leaves_all_requests_to_stable(open_trial):
    pods = open_trial.pods()
    with open_trial.watched():
        open_trial.rollout("start", "--source", "../next.onnx")
        assert open_trial.shares() == {"blue": 90, "green": 10}
        open_trial.rollout("abort")
    assert open_trial.shares() == {"blue": 100}
    assert set(open_trial.slots().values()) == {"blue"}
    until(lambda: open_trial.pods() == pods)
    assert open_trial.changes_nothing()


def test_a_promoted_version_goes_on_with_the_same_pods(open_trial):
    before = open_trial.pods()
    open_trial.rollout("start", "--source", "../next.onnx")
    pods = open_trial.pods() - before
    open_trial.rollout("promote")
    until(lambda: open_trial.pods() == pods)
    assert set(open_trial.slots().values()) == {"green"}


def test_a_promotion_and_the_next_candidate_may_come_in_one_update(open_trial):
    save(scaling(4.0), open_trial.stack.folder / "later.onnx")
    open_trial.rollout("start", "--source", "../next.onnx", "--weight", "50")
    open_trial.rollout("promote", "--no-up")
    open_trial.rollout("start", "--source", "../later.onnx", "--no-up")
    with open_trial.watched() as seen:
        open_trial.raised()
    assert open_trial.shares() == {"green": 90, "blue": 10}
    live, said = open_trial.versions()
    assert live == said
    names = {name for each in seen if each for name in each}
    assert names == {open_trial.full, f"{open_trial.full}-green", f"{open_trial.full}-blue"}
    assert open_trial.changes_nothing()


def test_a_candidate_that_does_not_become_ready_gets_no_request_and_can_be_dropped(open_trial):
    with open_trial.watched():
        missing = f"registry.invalid/server@{DIGEST}"
        answer = open_trial.try_to("start", "--source", "../next.onnx", "--image", missing)
        assert answer.code == 1
        assert "ErrImagePull" in answer.err
        assert open_trial.shares() == {"blue": 100}
        assert open_trial.try_to("step").code == 1
        assert open_trial.shares() == {"blue": 100}
        open_trial.rollout("abort")
    assert open_trial.shares() == {"blue": 100}
    assert open_trial.deployments().keys() == {"blue"}
    assert open_trial.changes_nothing()


@pytest.mark.parametrize("words", [("step",), ("promote",)])
def test_a_candidate_that_is_no_longer_ready_gets_no_more_requests(open_trial, words):
    open_trial.rollout("start", "--source", "../next.onnx")
    open_trial.unready("green")
    until(lambda: not open_trial.ready(f"{open_trial.full}-green"))
    answer = open_trial.try_to(*words)
    assert answer.code == 1
    assert "0 of 2 replicas are available" in answer.err
    assert open_trial.shares() == {"blue": 90, "green": 10}
    assert open_trial.slots()[open_trial.full] == "blue"


def test_a_candidate_that_rests_counts_as_ready(open_trial):
    open_trial.existing = {**INSIDE, **KEDA}
    open_trial.fields["scaling"] = {"schedule": WEEK}
    open_trial.begin()
    open_trial.rollout("start", "--source", "../next.onnx")
    open_trial.scale("green", 0, "keda-operator")
    until(lambda: not open_trial.ready(f"{open_trial.full}-green"))
    open_trial.rollout("step")
    assert open_trial.shares() == {"blue": 50, "green": 50}
    assert open_trial.deployments()["green"]["spec"]["replicas"] == 0


def test_less_for_a_candidate_waits_for_nobody_and_more_for_its_pods(open_trial):
    open_trial.rollout("start", "--source", "../next.onnx", "--weight", "50")
    open_trial.unready("green")
    until(lambda: not open_trial.ready(f"{open_trial.full}-green"))
    open_trial.rollout("step", "--weight", "10")
    assert open_trial.shares() == {"blue": 90, "green": 10}
    assert open_trial.changes_nothing()
    for share in ("60", "50"):  # 50 is less than what was asked for before, and more than the candidate has
        answer = open_trial.try_to("step", "--weight", share)
        assert answer.code == 1
        assert "0 of 2 replicas are available" in answer.err
        assert open_trial.shares() == {"blue": 90, "green": 10}
    open_trial.rollout("step", "--weight", "10")
    assert open_trial.shares() == {"blue": 90, "green": 10}
    open_trial.rollout("abort")
    open_trial.rollout("start", "--source", "../next.onnx")
    assert open_trial.shares() == {"blue": 90, "green": 10}
    assert open_trial.ready(f"{open_trial.full}-green") == 2


def test_a_candidate_gets_copies_before_its_first_step(open_trial):
    open_trial.fields["rollout"] = {"mirror": 20, "steps": [25]}
    open_trial.begin()
    open_trial.rollout("start", "--source", "../next.onnx")
    assert open_trial.shares() == {"blue": 100, "green": 0}
    for route in open_trial.routes():
        (copies,) = route["spec"]["rules"][0]["filters"]
        assert copies["requestMirror"]["percent"] == 20
        assert open_trial.slots()[copies["requestMirror"]["backendRef"]["name"]] == "green"
    assert open_trial.changes_nothing()
    open_trial.rollout("step")
    assert open_trial.shares() == {"blue": 75, "green": 25}
    assert [route for route in open_trial.routes() if "filters" in route["spec"]["rules"][0]] == []


def test_without_a_gateway_a_version_takes_over_all_at_once(trial):
    trial.begin()
    answer = trial.try_to("start", "--source", "../next.onnx")
    assert answer.code == 4
    assert "--weight 0" in answer.err
    answer = trial.rollout("start", "--source", "../next.onnx", "--weight", "0")
    assert f"next: modelport rollout promote {trial.name}" in answer.out
    assert trial.slots() == {trial.full: "blue", f"{trial.full}-green": "green"}
    assert trial.ready(f"{trial.full}-green") == 2
    assert trial.changes_nothing()
    with trial.watched():
        trial.rollout("promote")
    assert trial.slots() == {trial.full: "green"}
    assert trial.deployments().keys() == {"green"}
    assert trial.changes_nothing()
