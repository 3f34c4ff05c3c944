import pytest

from modelport_server.health import Health
from modelport_server.model import Model

BODY = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}


@pytest.mark.parametrize(("health", "status"), [(Health.STARTING, 503), (Health.READY, 200), (Health.DRAINING, 503)])
def test_ping_is_an_empty_answer_whose_status_is_the_health(ask, health, status):
    ask.app.health = health
    response, _ = ask("/ping")
    assert (response.status, response.body) == (status, b"")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", ""])
def test_an_invocation_is_an_infer_request_for_the_only_model(ask, content_type):
    response, answer = ask("/invocations", BODY, content_type=content_type)
    assert (response.status, answer) == (200, ask("/v2/models/scale/infer", BODY)[1])


def test_an_invocation_with_another_content_type_is_refused(ask):
    response, answer = ask("/invocations", b"1,2,3", content_type="text/csv")
    assert (response.status, answer["error"][:22]) == (415, "content type text/csv:")


def test_an_invocation_that_does_not_fit_is_the_callers_fault(ask):
    assert ask("/invocations", {"inputs": []})[0].status == 400


def test_an_invocation_of_several_models_must_name_one(ask_of, bundles):
    ask = ask_of(Model.load(bundles / "twice"), Model.load(bundles / "slow"))
    response, answer = ask("/invocations", BODY)
    assert (response.status, answer["error"][:41]) == (400, "this server has several models (scale, sl")
