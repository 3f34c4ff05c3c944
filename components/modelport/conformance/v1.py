"""KServe V1: instances and predictions."""

from __future__ import annotations

from modelport.conformance.check import expect
from modelport.conformance.client import Answer
from modelport.conformance.session import Session, blames_the_client, checks_of, refuses


def is_spoken(session: Session) -> bool:
    """Whether the server seems to speak V1."""
    paths = ["/v1/models", *([f"/v1/models/{session.subject.name}"] if session.subject else [])]
    return any(session.client.get(path).status not in (404, 405) for path in paths)


def _path(session: Session) -> str:
    return f"/v1/models/{session.model.name}"


def _model(session: Session) -> None:
    content = session.client.get(_path(session)).object()
    expect(content.get("name") == session.model.name, f"name is {content.get('name')!r}")
    expect(str(content.get("ready")).lower() == "true", f"ready is {content.get('ready')!r}, expected is true")


def _models(session: Session) -> None:
    names = session.client.get("/v1/models").object().get("models")
    expect(isinstance(names, list) and session.model.name in names, f"models are {names!r}")


def _predict(session: Session) -> None:
    session.model.check_predictions(_answer(session).object().get("predictions"))


def _answer(session: Session) -> Answer:
    return session.client.post(f"{_path(session)}:predict", {"instances": session.model.instances()})


def _unknown_model(session: Session) -> None:
    refuses(session.client.post("/v1/models/no-such-model:predict", {"instances": session.model.instances()}))


def _malformed(session: Session) -> None:
    refuses(session.client.post(f"{_path(session)}:predict", b'{"instances": ['))


def _no_instances(session: Session) -> None:
    refuses(session.client.post(f"{_path(session)}:predict", {"examples": []}))


def _unknown_model_status(session: Session) -> None:
    blames_the_client(session.client.get("/v1/models/no-such-model"), 404)


def _malformed_status(session: Session) -> None:
    blames_the_client(session.client.post(f"{_path(session)}:predict", b'{"instances": ['))


def _instances_status(session: Session) -> None:
    blames_the_client(session.client.post(f"{_path(session)}:predict", {"instances": [{"no-such-input": [[]]}]}))


def _survives(session: Session) -> None:
    _model(session)
    if session.model.rows:
        _answer(session).expect(200)


V1 = "KServe, V1 Protocol: "
CHECKS = [
    *checks_of("v1", "must", V1 + "model ready", [
        ("model", 'GET /v1/models/NAME says {"name", "ready"}', _model),
    ]),
    *checks_of("v1", "should", V1 + "list models", [
        ("models", "GET /v1/models names it", _models),
    ]),
    *checks_of("v1", "must", V1 + "predict", [
        ("predict", "POST /v1/models/NAME:predict gives a right prediction for each instance", _predict),
        ("error.unknown_model", "a model that there is none is refused", _unknown_model),
        ("error.malformed", "a body that is no JSON is refused", _malformed),
        ("error.no_instances", "a request without instances is refused", _no_instances),
    ]),
    *checks_of("v1", "should", "what a client needs to tell its faults from the server's", [
        ("fault.unknown_model", "a model that there is none is answered with 404", _unknown_model_status),
        ("fault.malformed", "a body that is no JSON is answered with 4xx", _malformed_status),
        ("fault.instances", "instances that are not the model's are answered with 4xx", _instances_status),
    ]),
    *checks_of("v1", "must", V1 + "model ready", [
        ("survives", "after all of this the server is ready and answers", _survives),
    ]),
]  # fmt: skip
