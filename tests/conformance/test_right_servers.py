import pytest

from modelport.conformance import WIRES, Client, Session, checks, spoken, subject_of_server
from modelport_server.wire.messages import message

NOT_FOR_WORDS = {"sagemaker.invocations.csv"}


@pytest.mark.parametrize("wire", WIRES)
def test_our_server_does_all_that_a_wire_demands(session, outcomes, wire):
    found = outcomes(session(), wire)
    not_passed = {id: found[id] for id in found if found[id][0] != "pass"}
    assert not_passed == ({"v2.infer.text": ("skip", "the model takes no texts")} if wire == "v2" else {})


@pytest.mark.parametrize("wire", WIRES)
def test_texts_go_through_every_wire(session, outcomes, wire):
    found = outcomes(session("words"), wire)
    assert {id for id in found if found[id][0] != "pass"} <= NOT_FOR_WORDS
    assert {outcome for outcome, _ in found.values()} <= {"pass", "skip"}


@pytest.mark.parametrize("wire", WIRES)
def test_without_a_bundle_the_servers_own_word_is_taken(session, outcomes, wire):
    known = session()
    known.subject = subject_of_server(known, None)
    assert (known.subject.name, known.subject.wanted) == ("numbers", ())
    assert {outcome for outcome, _ in outcomes(known, wire).values()} <= {"pass", "skip"}


def test_what_a_server_speaks_is_found_out(session):
    assert spoken(session()) == list(WIRES)
    known = session()
    known.grpc = None
    assert spoken(known) == [wire for wire in WIRES if wire != "v2-grpc"]


def test_a_server_of_nothing_speaks_nothing(session):
    assert spoken(session(before=lambda exchange: exchange.say(404, {}))) == ["v2-grpc"]


@pytest.mark.parametrize("wire", ["vertex", "azureml"])
def test_a_wire_that_is_asked_for_and_not_there_is_a_failure(session, outcomes, wire):
    found = outcomes(session(before=lambda exchange: exchange.say(404, {})), wire)
    assert {outcome for outcome, _ in found.values()} == {"fail"}


def test_ids_are_one_for_each_check_and_name_their_wire():
    ids = [check.id for wire in WIRES for check in checks(wire)]
    assert len(set(ids)) == len(ids)
    assert all(id.partition(".")[0] == wire for wire in WIRES for id in (check.id for check in checks(wire)))
    assert all(check.source and check.demand for wire in WIRES for check in checks(wire))


@pytest.mark.parametrize("wire", WIRES)
def test_what_cannot_be_tried_without_a_model_is_skipped_with_the_reason(session, outcomes, wire):
    known = session()
    known.subject = None
    found = outcomes(known, wire)
    assert {outcome for outcome, _ in found.values()} <= {"pass", "skip"}
    assert all("give --bundle" in reason for outcome, reason in found.values() if outcome == "skip")


def test_a_server_that_is_gone_fails_and_says_so(outcomes, free_port):
    known = Session(Client(f"http://127.0.0.1:{free_port}"), grpc=f"127.0.0.1:{free_port}", message=message)
    assert outcomes(known, "v2")["v2.live"] == (
        "fail",
        "GET /v2/health/live had no answer: [Errno 111] Connection refused",
    )
    assert outcomes(known, "v2-grpc")["v2-grpc.live"][0] == "fail"


@pytest.fixture
def free_port():
    from support.server import free_port

    return free_port()
