"""What a managed online endpoint of Azure ML demands of a custom container; its routes are configured."""

from __future__ import annotations

from modelport.conformance.check import Failed, expect
from modelport.conformance.scoring import score, scored
from modelport.conformance.session import Session, blames_the_client, checks_of, refuses

LIVE = ("/v2/health/live", "/health/live", "/health", "/")
READY = ("/v2/health/ready", "/health/ready", "/health", "/")
SCORE = ("/score", "/predict", "/invocations")
PROBE_SECONDS, REQUEST_SECONDS = 2, 5


def is_spoken(session: Session) -> bool:
    """Whether the server has the routes that Azure ML needs."""
    try:
        return all(path(session) for path in (_live_path, _ready_path, _score_path))
    except Failed:
        return False


def _live_path(session: Session) -> str:
    return session.first(session.live_path, "GET", *LIVE)


def _ready_path(session: Session) -> str:
    return session.first(session.ready_path, "GET", *READY)


def _score_path(session: Session) -> str:
    return session.first(session.score_path, "POST", *SCORE)


def _live(session: Session) -> None:
    _probe(session, _live_path(session))


def _ready(session: Session) -> None:
    _probe(session, _ready_path(session))


def _probe(session: Session, path: str) -> None:
    answer = session.client.get(path)
    answer.expect(200)
    expect(answer.seconds < PROBE_SECONDS, f"{answer.asked} took {answer.seconds:.1f} s")


def _score(session: Session) -> None:
    answer = score(session, _score_path(session))
    expect(answer.seconds < REQUEST_SECONDS, f"{answer.asked} took {answer.seconds:.1f} s")


def _malformed(session: Session) -> None:
    refuses(session.client.post(_score_path(session), b'{"inputs": ['))


def _malformed_status(session: Session) -> None:
    blames_the_client(session.client.post(_score_path(session), b'{"inputs": ['))


def _limit(session: Session) -> None:
    blames_the_client(session.client.post(_score_path(session), b" " * (session.limit + 1)), 413)


def _survives(session: Session) -> None:
    _live(session)
    _ready(session)
    if session.subject:
        scored(session, _score_path(session))


AZURE = "Azure Machine Learning, CLI (v2) managed online deployment YAML schema: "
CHECKS = [
    *checks_of("azureml", "must", AZURE + "ProbeSettings", [
        ("live", "GET of the liveness route answers 200 within 2 s", _live),
        ("ready", "GET of the readiness route answers 200 within 2 s", _ready),
    ]),
    *checks_of("azureml", "must", AZURE + "RequestSettings", [
        ("score", "POST of the scoring route gives the right answer within 5 s", _score),
    ]),
    *checks_of("azureml", "must", "Azure Machine Learning, Troubleshoot online endpoints: HTTP status codes", [
        ("error.malformed", "a body that is no JSON is refused: only then the caller sees an error", _malformed),
    ]),
    *checks_of("azureml", "should", "what a client needs to tell its faults from the server's", [
        ("fault.malformed", "a body that is no JSON is answered with 4xx", _malformed_status),
        ("fault.limit", "a body over the limit is answered with 413", _limit),
    ]),
    *checks_of("azureml", "must", AZURE + "ProbeSettings", [
        ("survives", "after all of this the server is well and answers", _survives),
    ]),
]  # fmt: skip
