"""Requests go to deployments that are there, in one step, and never against somebody else's change."""

import pytest
from providers.vertex.given import quiet, split
from support.vertex.service import PLACE

from modelport.errors import ModelportError
from modelport.providers.crud import UNKNOWN
from modelport.providers.vertex import VertexTrafficSplit

RESOURCE = VertexTrafficSplit()


@pytest.fixture
def two(deploy):
    """The ids of two deployments."""
    return [deploy(displayName=name)[1]["deployedModelId"] for name in ("stable", "candidate")]


def test_requests_are_divided_and_divided_anew(vertex, endpoint, two, divide):
    stable, candidate = two
    id, outputs = divide({stable: 80, candidate: 20})
    assert id == endpoint
    assert vertex.endpoints[endpoint]["trafficSplit"] == {stable: 80, candidate: 20}
    assert RESOURCE.read(id, outputs) == outputs
    changed = RESOURCE.update(id, split(endpoint, {stable: 0, candidate: 100}), quiet)
    assert vertex.endpoints[endpoint]["trafficSplit"] == {candidate: 100}
    assert RESOURCE.read(id, changed) == changed
    RESOURCE.delete(id, changed, quiet)
    assert vertex.endpoints[endpoint]["trafficSplit"] == {}
    assert RESOURCE.read(id, changed) is None
    RESOURCE.delete(id, changed, quiet)


def test_what_is_so_already_is_left_alone(vertex, two, divide):
    divide({two[0]: 100})
    asked = len(vertex.asked)
    divide({two[0]: 100, two[1]: 0})
    assert len(vertex.asked) == asked


def test_a_deployment_that_is_not_there_gets_nothing(vertex, endpoint, two, divide):
    divide({two[0]: 100})
    with pytest.raises(ModelportError, match=rf"endpoints/4242\n  has no deployed model 17. There is: .*{two[0]}"):
        divide({two[0]: 50, "17": 50})
    assert vertex.endpoints[endpoint]["trafficSplit"] == {two[0]: 100}


def test_an_endpoint_that_is_not_there_is_named(vertex):
    with pytest.raises(ModelportError, match="endpoints/7\n  is not there"):
        RESOURCE.create(split(f"{PLACE}/endpoints/7", {"1": 100}), quiet)
    RESOURCE.delete(f"{PLACE}/endpoints/7", {}, quiet)


def test_a_change_of_something_else_meanwhile_is_no_matter(vertex, endpoint, two, divide):
    meanwhile(vertex, lambda: vertex.touch(endpoint, labels={"owner": "risk"}))
    divide({two[0]: 60, two[1]: 40})
    assert vertex.endpoints[endpoint]["trafficSplit"] == {two[0]: 60, two[1]: 40}
    assert vertex.endpoints[endpoint]["labels"] == {"owner": "risk"}


def test_somebody_elses_split_meanwhile_is_kept(vertex, endpoint, two, divide):
    meanwhile(vertex, lambda: vertex.touch(endpoint, trafficSplit={two[1]: 100}))
    with pytest.raises(ModelportError, match=rf"somebody else has divided its requests meanwhile: {two[1]} 100 %"):
        divide({two[0]: 100})
    assert vertex.endpoints[endpoint]["trafficSplit"] == {two[1]: 100}


def test_the_same_split_by_somebody_else_is_fine(vertex, endpoint, two, divide):
    meanwhile(vertex, lambda: vertex.touch(endpoint, trafficSplit={two[0]: 100}))
    divide({two[0]: 100})
    assert vertex.endpoints[endpoint]["trafficSplit"] == {two[0]: 100}


def meanwhile(vertex, change):
    """Have something change between a look and the request that follows it, once."""

    def before(method, path):
        if method == "PATCH":
            vertex.before = lambda method, path: None
            change()

    vertex.before = before


def test_what_somebody_else_divides_is_seen_and_imported(vertex, endpoint, two, divide):
    id, outputs = divide({two[0]: 100, two[1]: 0})
    assert RESOURCE.read(id, outputs) == outputs
    vertex.touch(endpoint, trafficSplit={two[1]: 100})
    assert RESOURCE.read(id, {}) == {"endpoint": endpoint, "percentages": {two[1]: 100}}
    assert RESOURCE.read(id, outputs)["percentages"] == {two[1]: 100}


@pytest.mark.parametrize(
    "percentages", [{}, {"1": 99}, {"1": 60, "2": 60}, {"one": 100}, {"12345678901": 100}, {"1": 101}]
)
def test_shares_that_are_none_are_refused(percentages):
    assert RESOURCE.check({"endpoint": f"{PLACE}/endpoints/7", "percentages": percentages})[1]


def test_shares_that_are_not_known_yet_are_fine():
    assert RESOURCE.check({"endpoint": UNKNOWN, "percentages": UNKNOWN})[1] == []


def test_what_is_a_change():
    old = {"endpoint": "a", "percentages": {"1": 100}}
    assert RESOURCE.diff(old, old).properties == ()
    assert RESOURCE.diff(old, {**old, "percentages": {"2": 100}}).replaces == ()
    assert RESOURCE.diff(old, {**old, "endpoint": "b"}).replaces == ("endpoint",)
