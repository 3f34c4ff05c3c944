"""Vertex AI's container contract, version 1.0.0."""

from __future__ import annotations

from modelport.conformance.check import Failed, Skipped, expect
from modelport.conformance.scoring import score_binary
from modelport.conformance.session import Session, blames_the_client, checks_of, refuses
from modelport.conformance.v2 import outputs_of

HEALTH = ("/health", "/v2/health/ready", "/ping")
SCORE = ("/predict", "/score", "/invocations")
HEALTH_SECONDS = 10
REDIRECT = "X-Vertex-Ai-Triton-Redirect"
BINARY = "application/vnd.vertex-ai-triton.binary+json"


def is_spoken(session: Session) -> bool:
    """Whether the server has the paths that a container for Vertex AI needs."""
    try:
        return bool(_health_path(session) and score_path(session))
    except Failed:
        return False


def score_path(session: Session) -> str:
    """Where it scores instances."""
    return session.first(session.score_path, "POST", *SCORE)


def _health_path(session: Session) -> str:
    return session.first(session.ready_path, "GET", *HEALTH)


def _health(session: Session) -> None:
    answer = session.client.get(_health_path(session))
    answer.expect(200)
    expect(answer.seconds < HEALTH_SECONDS, f"{answer.asked} took {answer.seconds:.1f} s")


def _predict(session: Session) -> None:
    _predictions(session, {"instances": session.model.instances()})


def _parameters(session: Session) -> None:
    _predictions(session, {"instances": session.model.instances(), "parameters": {}})


def _predictions(session: Session, content: object) -> None:
    answer = session.client.post(score_path(session), content).object()
    expect("predictions" in answer, f"the answer has no predictions: {sorted(answer)}")
    session.model.check_predictions(answer["predictions"])


def _redirect(session: Session) -> None:
    headers = {REDIRECT: f"v2/models/{session.model.name}/infer"}
    answer = session.client.post(score_path(session), session.model.request(), **headers)
    if answer.status != 200 or b'"outputs"' not in answer.body:
        raise Skipped(f"the server does not know {REDIRECT}")
    session.model.check_outputs(outputs_of(answer))


def _redirect_elsewhere(session: Session) -> None:
    blames_the_client(session.client.post(score_path(session), {"instances": []}, **{REDIRECT: "../etc/passwd"}))


def _binary(session: Session) -> None:
    score_binary(session, score_path(session), BINARY)


def _malformed(session: Session) -> None:
    refuses(session.client.post(score_path(session), b'{"instances": ['))


def _malformed_status(session: Session) -> None:
    blames_the_client(session.client.post(score_path(session), b'{"instances": ['))


def _instances_status(session: Session) -> None:
    blames_the_client(session.client.post(score_path(session), {"instances": [{"no-such-input": [[]]}]}))


def _survives(session: Session) -> None:
    _health(session)
    if session.subject and session.model.rows:
        session.client.post(score_path(session), {"instances": session.model.instances()}).expect(200)


VERTEX = "Vertex AI, Custom container requirements for inference: "
TRITON = "NVIDIA Triton, Vertex AI frontend"
CHECKS = [
    *checks_of("vertex", "must", VERTEX + "Health checks", [
        ("health", "GET of the health route answers 200 within 10 s", _health),
    ]),
    *checks_of("vertex", "must", VERTEX + "Request and response requirements", [
        ("predict", "POST of instances gives a right prediction for each", _predict),
        ("predict.parameters", "parameters beside the instances are taken", _parameters),
        ("error.malformed", "a body that is no JSON is refused", _malformed),
    ]),
    *checks_of("vertex", "should", TRITON, [
        ("raw.redirect", f"{REDIRECT} reaches V2 paths through rawPredict", _redirect),
        ("raw.elsewhere", f"{REDIRECT} reaches no other paths", _redirect_elsewhere),
        ("raw.binary", f"tensors as bytes in {BINARY} give such", _binary),
    ]),
    *checks_of("vertex", "should", "what a client needs to tell its faults from the server's", [
        ("fault.malformed", "a body that is no JSON is answered with 4xx", _malformed_status),
        ("fault.instances", "instances that are not the model's are answered with 4xx", _instances_status),
    ]),
    *checks_of("vertex", "must", VERTEX + "Health checks", [
        ("survives", "after all of this the server is well and answers", _survives),
    ]),
]  # fmt: skip
