"""A server that is wrong in one thing fails the checks of that thing and no others; for every check there is one."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from modelport.conformance import WIRES, checks

JSON = "application/json"
INFER = "/v2/models/numbers/infer"
SAGEMAKER, VERTEX = "application/vnd.sagemaker-triton", "application/vnd.vertex-ai-triton"


@dataclass(frozen=True)
class Wrong:
    """What is wrong on a wire, and the checks (or patterns of their ids) that have to notice it."""

    wire: str
    what: str
    noticed_by: tuple[str, ...]
    changes: dict[str, Any]
    bundle: str = "numbers"


def wrong(wire, what, *noticed_by, bundle="numbers", **changes):
    return Wrong(wire, what, tuple(f"{wire}.{each}" for each in noticed_by), changes, bundle)


def on(path, change, *, when=lambda exchange: True):
    """Change what comes from the paths that match."""

    def changed(exchange):
        if fnmatchcase(exchange.path, path) and when(exchange):
            change(exchange)

    return changed


def says(status, content=None):
    return lambda exchange: exchange.say(status, content or {})


def edits(change):
    return lambda exchange: exchange.edit(change) if exchange.status == 200 else None


def becomes(status, other):
    """One status instead of another."""

    def changed(exchange):
        if exchange.status == status:
            exchange.status = other

    return changed


def faults_of_the_server(exchange):
    """Whatever is wrong is said to be the server's own fault."""
    if 400 <= exchange.status < 500:
        exchange.status = 500


def right_to_anything(exchange):
    """Whatever is wrong is answered like something right."""
    if exchange.status >= 400:
        exchange.say(200, {"outputs": [], "predictions": [], "error": "none"})


def plus_one(content):
    """Every number of an answer is one more."""
    for output in content.get("outputs", []):
        output["data"] = [value + 1 for value in output.get("data", [])]
    if "predictions" in content:
        for prediction in content["predictions"]:
            prediction.update({name: [value + 1 for value in row] for name, row in prediction.items()})


def last_byte(exchange):
    """The last number of an answer in bytes is another."""
    exchange.body = exchange.body[:-1] + bytes([exchange.body[-1] ^ 0x40])


def asks(*words):
    return lambda exchange: exchange.status == 200 and all(word.encode() in exchange.asked for word in words)


def in_header(name, text=""):
    return lambda exchange: exchange.status == 200 and text in exchange.headers.get(name, " absent")


def without(name):
    def removed(exchange):
        content = json.loads(exchange.asked)
        content.pop(name, None)
        exchange.asked = json.dumps(content).encode()

    return removed


def is_json(exchange):
    """Whether a request is a plain one in JSON that can be read."""
    try:
        return (
            isinstance(json.loads(exchange.asked), dict) and "inference-header-content-length" not in exchange.headers
        )
    except (ValueError, RecursionError):
        return False


def has_nested(exchange):
    return is_json(exchange) and any(
        isinstance(value, list)
        for entry in json.loads(exchange.asked).get("inputs", [])
        for value in entry.get("data", [])
    )


def first_shape(exchange):
    entries = json.loads(exchange.asked).get("inputs") if is_json(exchange) else None
    return entries[0].get("shape") if entries else None


def rows(number):
    return lambda exchange: (first_shape(exchange) or [None])[0] == number


def dies_of(words):
    """After a request with these words the server is never well again."""

    def changed(exchange):
        exchange.memory["dead"] = exchange.memory.get("dead") or exchange.asked.startswith(words)
        if (
            exchange.memory["dead"]
            and exchange.method == "GET"
            and exchange.path in ("/v2/health/live", "/ping", "/health")
        ):
            exchange.say(503, {})

    return changed


def header(name, value):
    return lambda exchange: exchange.given.update({name: value})


V2 = [
    wrong("v2", "not live", "live", "live.body", "survives", after=on("/v2/health/live", says(503))),
    wrong("v2", "not ready", "ready", "ready.body", after=on("/v2/health/ready", says(503))),
    wrong("v2", "model not ready", "model_ready", "model_ready.body", after=on("*/numbers/ready", says(503))),
    wrong("v2", "says nothing", "live.body", after=on("/v2/health/live", says(200))),
    wrong("v2", "says not ready", "ready.body", after=on("/v2/health/ready", says(200, {"ready": False}))),
    wrong("v2", "does not name", "model_ready.body", after=on("*/numbers/ready", says(200))),
    wrong("v2", "no extensions", "server", after=on("/v2", edits(lambda content: content.pop("extensions") and None))),
    wrong("v2", "no platform", "metadata", "metadata.version",
          after=on("/v2/models/*", edits(lambda content: content.pop("platform", None) and None))),
    wrong("v2", "another datatype", "metadata", "metadata.version",
          after=on("/v2/models/*", edits(lambda content: content.get("inputs", [{}])[0].update(datatype="FP64")))),
    wrong("v2", "no versions", "metadata.version", "infer.version",
          after=on("*/versions/*", says(404, {"error": "no"}))),
    wrong("v2", "wrong numbers", "infer", "infer.version", "infer.nested", "infer.outputs",
          after=on("*/infer", edits(plus_one), when=is_json)),
    wrong("v2", "wrong numbers for bytes", "binary.inputs",
          after=on(INFER, edits(plus_one), when=lambda e: not is_json(e) and e.given.get("content-type") == JSON)),
    wrong("v2", "flat only", "infer.nested", before=on(INFER, says(400, {"error": "flat"}), when=has_nested)),
    wrong("v2", "forgets the id", "infer.id", after=on(INFER, edits(lambda content: content.pop("id", None) and None))),
    wrong("v2", "gives all outputs", "infer.outputs", "fault.unknown_output",
          before=on(INFER, without("outputs"), when=is_json)),
    wrong("v2", "calls it a page", "infer.content_type", after=on(INFER, header("content-type", "text/html"))),
    wrong("v2", "mixes rows up", "infer.batch", after=on(INFER, edits(plus_one), when=rows(64))),
    wrong("v2", "knows ASCII only", "infer.text", bundle="words",
          after=on("*/infer", says(500), when=lambda exchange: b"\\u65e5" in exchange.asked)),
    wrong("v2", "fails without rows", "infer.empty", after=on(INFER, says(500), when=rows(0))),
    wrong("v2", "errors as text", "error.*", after=lambda e: e.status >= 400 and setattr(e, "body", b"oops")),
    wrong("v2", "errors without a text", "error.*", after=lambda e: e.status >= 400 and e.say(e.status, {"code": 7})),
    wrong("v2", "right to anything", "error.*", "fault.*", "binary.error.*", "binary.fault.*", after=right_to_anything),
    wrong("v2", "own faults", "fault.*", "binary.fault.*", after=faults_of_the_server),
    wrong("v2", "400 for 404", "fault.unknown_model", after=becomes(404, 400)),
    wrong("v2", "400 for 405", "fault.method", after=becomes(405, 400)),
    wrong("v2", "400 for 413", "fault.limit", after=becomes(413, 400)),
    wrong("v2", "dies of nesting", "survives", after=dies_of(b"[[[[")),
    wrong("v2", "wrong bytes", "binary.every_output",
          after=on(INFER, last_byte, when=asks("binary_data_output"))),
    wrong("v2", "wrong bytes of one", "binary.one_output",
          after=on(INFER, last_byte, when=asks('"binary_data": true'))),
    wrong("v2", "no size of the JSON", "binary.every_output", "binary.one_output",
          after=on(INFER, lambda e: e.given.pop("inference-header-content-length", None))),
]  # fmt: skip
V1 = [
    wrong(
        "v1", "not ready", "model", "survives", after=on("/v1/models/numbers", edits(lambda c: c.update(ready=False)))
    ),
    wrong("v1", "lists nothing", "models", after=on("/v1/models", says(200, {"models": []}))),
    wrong("v1", "wrong numbers", "predict", after=on("*:predict", edits(plus_one))),
    wrong("v1", "too few", "predict", after=on("*:predict", edits(lambda c: c["predictions"].pop() and None))),
    wrong("v1", "right to anything", "error.*", "fault.*", after=right_to_anything),
    wrong("v1", "own faults", "fault.*", after=faults_of_the_server),
    wrong("v1", "400 for 404", "fault.unknown_model", after=becomes(404, 400)),
]
AMAZON = [
    wrong("sagemaker", "not well", "ping", "survives", after=on("/ping", lambda e: setattr(e, "status", 503))),
    wrong("sagemaker", "slow", "ping", "ping.quick", "survives", seconds={"/ping": 2.5}),
    wrong("sagemaker", "rather slow", "ping.quick", seconds={"/ping": 1.5}),
    wrong("sagemaker", "talkative", "ping.empty", after=on("/ping", says(200, {"well": True}))),
    wrong("sagemaker", "wrong numbers", "invocations", "invocations.headers", "attributes",
          after=on("/invocations", edits(plus_one), when=is_json)),
    wrong("sagemaker", "picky", "invocations.headers",
          after=on("/invocations", says(400), when=in_header("x-amzn-unknown", "1"))),
    wrong("sagemaker", "long attributes", "attributes",
          after=on("/invocations", header("x-amzn-sagemaker-custom-attributes", "a" * 1025))),
    wrong("sagemaker", "wrong cells", "invocations.csv",
          after=on("/invocations", lambda e: setattr(e, "body", e.body.replace(b"0.", b"7.")),
                   when=in_header("content-type", "text/csv"))),
    wrong("sagemaker", "wrong bytes", "invocations.binary",
          after=on("/invocations", last_byte, when=in_header("content-type", SAGEMAKER))),
    wrong("sagemaker", "small", "invocations.largest",
          after=on("/invocations", says(413), when=lambda e: len(e.asked) > 6_000_000)),
    wrong("sagemaker", "no plan", "execution_parameters",
          after=on("/execution-parameters", edits(lambda c: c.update(BatchStrategy="ANY")))),
    wrong("sagemaker", "right to anything", "error.*", "fault.*", after=right_to_anything),
    wrong("sagemaker", "own faults", "fault.*", after=faults_of_the_server),
    wrong("sagemaker", "400 for 415", "fault.type", after=becomes(415, 400)),
    wrong("sagemaker", "dies", "survives", after=dies_of(b"\x89PNG")),
]  # fmt: skip
GOOGLE = [
    wrong("vertex", "not well", "health", "survives", after=on("/v2/health/ready", says(500))),
    wrong("vertex", "slow", "health", "survives", seconds={"/v2/health/ready": 11}),
    wrong(
        "vertex",
        "wrong numbers",
        "predict",
        "predict.parameters",
        after=on("/score", edits(plus_one), when=asks("instances")),
    ),
    wrong(
        "vertex", "no parameters", "predict.parameters", after=on("/score", says(400), when=asks('"parameters": {}'))
    ),
    wrong(
        "vertex",
        "wrong redirected",
        "raw.redirect",
        after=on("/score", edits(plus_one), when=in_header("x-vertex-ai-triton-redirect", "infer")),
    ),
    wrong("vertex", "wrong bytes", "raw.binary", after=on("/score", last_byte, when=in_header("content-type", VERTEX))),
    wrong("vertex", "right to anything", "error.*", "fault.*", "raw.elsewhere", after=right_to_anything),
    wrong("vertex", "own faults", "fault.*", "raw.elsewhere", after=faults_of_the_server),
]
MICROSOFT = [
    wrong("azureml", "not live", "live", "survives", after=on("/v2/health/live", says(503))),
    wrong("azureml", "not ready", "ready", "survives", after=on("/v2/health/ready", says(503))),
    wrong("azureml", "slow probes", "ready", "survives", seconds={"/v2/health/ready": 3}),
    wrong("azureml", "slow", "score", seconds={"/score": 6}),
    wrong("azureml", "wrong numbers", "score", after=on("/score", edits(plus_one))),
    wrong("azureml", "right to anything", "error.*", "fault.*", after=right_to_anything),
    wrong("azureml", "own faults", "fault.*", after=faults_of_the_server),
]


def calls(name, change):
    """Change the answers of one method."""

    def changed(method, response, error):
        return change(response, error) if method == name else error

    return changed


def sets(**fields):
    def changed(response, error):
        for field, value in fields.items():
            setattr(response, field, value)
        return error

    return changed


def raw_plus(response, error):
    if response.raw_output_contents:
        response.raw_output_contents[0] = bytes([response.raw_output_contents[0][0]]) * len(
            response.raw_output_contents[0]
        )
    return error


def typed_plus(response, error):
    for output in response.outputs:
        output.contents.fp32_contents[:] = [value + 1 for value in output.contents.fp32_contents]
    return error


def all_outputs(method, request):
    if method == "ModelInfer":
        del request.outputs[:]


def other_datatype(response, error):
    response.inputs[0].datatype = "FP64"
    return error


GRPC = [
    wrong("v2-grpc", "not live", "live", "survives", grpc_after=calls("ServerLive", sets(live=False))),
    wrong("v2-grpc", "not ready", "ready", grpc_after=calls("ServerReady", sets(ready=False))),
    wrong("v2-grpc", "model not ready", "model_ready", grpc_after=calls("ModelReady", sets(ready=False))),
    wrong("v2-grpc", "nameless", "server", grpc_after=calls("ServerMetadata", sets(name=""))),
    wrong("v2-grpc", "another datatype", "metadata", grpc_after=calls("ModelMetadata", other_datatype)),
    wrong("v2-grpc", "wrong bytes", "infer.raw", "infer.outputs", grpc_after=calls("ModelInfer", raw_plus)),
    wrong("v2-grpc", "wrong numbers", "infer.typed", grpc_after=calls("ModelInfer", typed_plus)),
    wrong("v2-grpc", "forgets the id", "infer.id", grpc_after=calls("ModelInfer", sets(id=""))),
    wrong("v2-grpc", "gives all outputs", "infer.outputs", grpc_before=all_outputs),
    wrong("v2-grpc", "right to anything", "error.*", "fault.*", grpc_after=calls("ModelInfer", lambda *_: None)),
    wrong("v2-grpc", "own faults", "fault.*",
          grpc_after=calls("ModelInfer", lambda _, error: ("INTERNAL", "oops") if error else None)),
]  # fmt: skip
EVERY = [*V2, *V1, *AMAZON, *GOOGLE, *MICROSOFT, *GRPC]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.wire}: {case.what}")
def test_what_is_wrong_is_noticed_by_the_checks_of_it_and_by_no_others(session, outcomes, case):
    known = session(case.bundle, **case.changes)
    known.score_path, known.ready_path = "/score", "/v2/health/ready"
    found = outcomes(known, case.wire)
    failed = {id for id, (outcome, _) in found.items() if outcome == "fail"}
    assert failed == matching(case, found), {id: found[id][1] for id in failed ^ matching(case, found)}
    assert all(found[id][1] for id in failed)


def test_every_check_can_fail():
    known = {check.id for wire in WIRES for check in checks(wire)}
    noticed = {id for case in EVERY for id in matching(case, known)}
    assert known - noticed == set()


def matching(case, ids):
    return {id for id in ids if any(fnmatchcase(id, pattern) for pattern in case.noticed_by)}
