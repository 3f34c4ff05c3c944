"""A run may end at any request, answered or not; the next one ends where an undisturbed one would have."""

from copy import deepcopy
from itertools import count

import pytest
from google.auth.transport.requests import AuthorizedSession
from providers.vertex.given import deployment, machines, model, quiet, split
from support.vertex.service import PLACE

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit
from modelport.providers.vertex.deployed_model import chosen_id
from modelport.providers.vertex.inputs import DeployedModelInputs

MODEL, DEPLOYED, TRAFFIC = VertexModel(), VertexDeployedModel(), VertexTrafficSplit()
FIRST = f"{PLACE}/models/fraud@1"
MORE = machines(minReplicaCount=2, maxReplicaCount=5)
NEXT = {"artifactUri": "gs://shop-fraud/bundles/2"}
ID = chosen_id(DeployedModelInputs.model_validate(deployment()))


class Killed(BaseException):
    """Nothing that runs catches it."""


def uploaded(**changes):
    MODEL.create(model(**changes), quiet)


def deployed(**changes):
    DEPLOYED.create(deployment(**changes), quiet)


def divided():
    TRAFFIC.create(split(deployment()["endpoint"], {ID: 100}), quiet)


STEPS = {
    "the first version": ([], uploaded),
    "another version": ([uploaded], lambda: uploaded(**NEXT)),
    "other names": ([uploaded], lambda: MODEL.update(FIRST, model(labels={}, versionAliases=["golden"]), quiet)),
    "names of another version": (
        [uploaded, lambda: uploaded(**NEXT, versionAliases=["golden"])],
        lambda: MODEL.update(FIRST, model(versionAliases=["golden", "best"]), quiet),
    ),
    "the end of the default version": (
        [uploaded, lambda: uploaded(**NEXT)],
        lambda: MODEL.delete(FIRST, model(), quiet),
    ),
    "the end of the last version": ([uploaded], lambda: MODEL.delete(FIRST, model(), quiet)),
    "a deployment": ([uploaded], deployed),
    "more machines": (
        [uploaded, deployed],
        lambda: deployed(dedicatedResources=MORE),
    ),
    "the end of a deployment": (
        [uploaded, deployed],
        lambda: DEPLOYED.delete(f"{deployment()['endpoint']}/deployedModels/{ID}", deployment(), quiet),
    ),
    "a split": ([uploaded, deployed], divided),
    "the end of a split": (
        [uploaded, deployed, divided],
        lambda: TRAFFIC.delete(deployment()["endpoint"], {}, quiet),
    ),
}


@pytest.fixture
def kill(monkeypatch):
    """Have the request of a number kill the run, before it is sent or when it has been answered."""
    request = AuthorizedSession.request

    def kill(number, when):
        numbers = count(1)

        def requested(*arguments, **options):
            this = next(numbers)
            if this == number and when == "unsent":
                raise Killed
            answer = request(*arguments, **options)
            if this == number:
                raise Killed
            return answer

        monkeypatch.setattr(AuthorizedSession, "request", requested)

    return kill


@pytest.mark.parametrize("when", ["unsent", "answered"])
@pytest.mark.parametrize("step", STEPS)
def test_the_next_run_makes_good_what_a_killed_one_has_left(vertex, kill, step, when):
    before, act = STEPS[step]
    wanted = None
    for number in count():  # the run of number 0 is not killed
        begin(vertex, before, kill)
        kill(number, when)
        try:
            act()
            ended = True
        except Killed:
            ended = False
            kill(0, when)
            act()
        assert (wanted := wanted or state(vertex)) == state(vertex), f"after request {number}"
        assert not any(operation.done is None for operation in vertex.operations)
        if number and ended:
            break
    assert number > 2


def begin(vertex, before, kill):
    """A fresh region in which some steps are done."""
    kill(0, "unsent")
    vertex.models, vertex.endpoints, vertex.operations = {}, {}, []
    vertex.add_endpoint()
    for step in before:
        step()


def state(vertex):
    """What there is, without the marks of how it came about."""
    endpoints = {name: {**each, "etag": ""} for name, each in deepcopy(vertex.endpoints).items()}
    models = deepcopy(vertex.models)
    for version in (version for versions in models.values() for version in versions.values()):
        version["versionAliases"].sort()
    return models, endpoints
