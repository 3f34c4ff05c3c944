"""SageMaker's container contract: real-time inference and batch transform."""

from __future__ import annotations

from modelport.conformance.check import Skipped, expect
from modelport.conformance.scoring import padded, score, score_binary, score_csv, scored
from modelport.conformance.session import SAGEMAKER_LIMIT, Session, blames_the_client, checks_of, refuses

PING, PATH = "/ping", "/invocations"
PING_SECONDS, CONNECT_SECONDS = 2, 0.25
ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
BINARY = "application/vnd.sagemaker-triton.binary+json"
STRATEGIES = ("MULTI_RECORD", "SINGLE_RECORD")


def is_spoken(session: Session) -> bool:
    """Whether the server seems to be a container for SageMaker."""
    return session.client.get(PING).status not in (404, 405)


def _ping(session: Session) -> None:
    answer = session.client.get(PING)
    answer.expect(200)
    expect(answer.seconds < PING_SECONDS, f"{PING} took {answer.seconds:.1f} s")


def _quick_ping(session: Session) -> None:
    slowest = max(session.client.get(PING).seconds for _ in range(5))
    expect(slowest < PING_SECONDS / 2, f"{PING} took {slowest:.1f} s")


def _empty_ping(session: Session) -> None:
    body = session.client.get(PING).body
    expect(not body.strip(), f"{PING} has a body of {len(body)} bytes")


def _score(session: Session) -> None:
    score(session, PATH)


def _headers(session: Session) -> None:
    score(session, PATH, **{ATTRIBUTES: "trace=7", "X-Amzn-SageMaker-Inference-Id": "42", "X-Amzn-Unknown": "1"})


def _attributes(session: Session) -> None:
    given = score(session, PATH, **{ATTRIBUTES: "trace=7"}).headers.get(ATTRIBUTES.lower())
    if given is None:
        raise Skipped("the server answers without custom attributes, as it may")
    expect(given.isascii() and given.isprintable() and len(given) <= 1024, f"{ATTRIBUTES} is {given!r}")


def _csv(session: Session) -> None:
    score_csv(session, PATH)


def _binary(session: Session) -> None:
    score_binary(session, PATH, BINARY)


def _largest(session: Session) -> None:
    answer = session.client.post(PATH, padded(session, SAGEMAKER_LIMIT))
    if answer.status in (400, 415):
        raise Skipped("the server takes no V2 request here")
    answer.expect(200)


def _parameters(session: Session) -> None:
    answer = session.client.get("/execution-parameters")
    if answer.status in (404, 405):
        raise Skipped("the server has no /execution-parameters, as it may")
    content = answer.object()
    for name in ("MaxConcurrentTransforms", "MaxPayloadInMB"):
        value = content.get(name)
        expect(type(value) is int and value > 0, f"{name} is {value!r}")
    expect(content.get("BatchStrategy") in STRATEGIES, f"BatchStrategy is {content.get('BatchStrategy')!r}")


def _malformed(session: Session) -> None:
    refuses(session.client.post(PATH, b'{"inputs": ['))


def _malformed_status(session: Session) -> None:
    blames_the_client(session.client.post(PATH, b'{"inputs": ['))


def _type_status(session: Session) -> None:
    blames_the_client(session.client.post(PATH, b"\x89PNG\r\n", "image/x-no-such"), 415)


def _method_status(session: Session) -> None:
    blames_the_client(session.client.get(PATH), 404, 405)


def _limit(session: Session) -> None:
    blames_the_client(session.client.post(PATH, b" " * (session.limit + 1)), 413)


def _survives(session: Session) -> None:
    _ping(session)
    if session.subject:
        scored(session, PATH)


AWS = "Amazon SageMaker AI Developer Guide, Custom Inference Code with Hosting Services: "
CHECKS = [
    *checks_of("sagemaker", "must", AWS + "health checks", [
        ("ping", "GET /ping answers 200 within 2 s", _ping),
    ]),
    *checks_of("sagemaker", "should", AWS + "health checks", [
        ("ping.quick", "GET /ping answers within half of that, from what it knows", _quick_ping),
        ("ping.empty", "its body is empty", _empty_ping),
    ]),
    *checks_of("sagemaker", "must", AWS + "requests", [
        ("invocations", "POST /invocations gives the right answer for a request in JSON", _score),
        ("invocations.headers", "headers that SageMaker adds change nothing", _headers),
        ("error.malformed", "a body that is no JSON is refused", _malformed),
    ]),
    *checks_of("sagemaker", "must", "Amazon SageMaker Runtime, InvokeEndpoint: CustomAttributes", [
        ("attributes", "custom attributes of the answer are visible ASCII, 1024 at most", _attributes),
    ]),
    *checks_of("sagemaker", "must", "Amazon SageMaker AI Developer Guide, Custom Inference Code with Batch Transform", [
        ("execution_parameters", "GET /execution-parameters, if there, tells how batches are to be sent", _parameters),
    ]),
    *checks_of("sagemaker", "should", AWS + "requests", [
        ("invocations.csv", "rows of text/csv give rows", _csv),
        ("invocations.binary", f"tensors as bytes in {BINARY} give such", _binary),
        ("invocations.largest", "a request as large as any that is delivered is answered", _largest),
        ("fault.malformed", "a body that is no JSON is answered with 4xx", _malformed_status),
        ("fault.type", "a content type that there is none is answered with 415", _type_status),
        ("fault.method", "GET /invocations is answered with 405", _method_status),
        ("fault.limit", "a body over the limit is answered with 413", _limit),
    ]),
    *checks_of("sagemaker", "must", AWS + "health checks", [
        ("survives", "after all of this the server is well and answers", _survives),
    ]),
]  # fmt: skip
