from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import columns, counted, say, say_json
from modelport.cli.errors import FAILED, UsageError

from .options import AsJson

if TYPE_CHECKING:
    from modelport.conformance import Result, Session, Subject


class Wire(Enum):
    """A protocol, as a platform speaks it."""

    V2 = "v2"
    V2_GRPC = "v2-grpc"
    SAGEMAKER = "sagemaker"
    VERTEX = "vertex"
    AZUREML = "azureml"
    V1 = "v1"


def conformance(
    url: Annotated[str, typer.Argument(metavar="URL", help="The server: http://HOST:PORT", show_default=False)],
    wire: Annotated[
        list[Wire] | None, typer.Option("--wire", help="What it has to speak; without it, what it seems to speak.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="DIR", help="What it serves: a bundle with a request and answer.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="The model's name, where it is not the bundle's.")
    ] = None,
    grpc: Annotated[
        str | None,
        typer.Option("--grpc", metavar="HOST:PORT", help="Where it speaks V2 gRPC; for that wire alone, URL."),
    ] = None,
    score_path: Annotated[
        str | None, typer.Option("--score-path", help="Scoring route of Vertex AI, Azure ML.")
    ] = None,
    live_path: Annotated[str | None, typer.Option("--live-path", help="Liveness route of Azure ML.")] = None,
    ready_path: Annotated[str | None, typer.Option("--ready-path", help="Health route of Vertex AI, Azure ML.")] = None,
    max_body: Annotated[int, typer.Option("--max-body", min=1, help="Bytes that a request may have.")] = 6_291_456,
    authorization: Annotated[
        str | None,
        typer.Option("--auth-env", metavar="VARIABLE", help="Variable with the Authorization header, like Bearer ..."),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each request.")] = 10,
    strict: Annotated[bool, typer.Option("--strict", help="Fail also on what a server only should do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try whether a live server does what the protocols demand: any server, ours or another's.

    Exits with 1 where it does not do what it must. What it only should do is shown.
    """
    from modelport.conformance import Client, Session, judge, spoken

    asked = [each.value for each in wire or []]
    if "v2-grpc" in asked[1:] + asked[:-1] and not grpc:
        raise UsageError("--wire v2-grpc\n  has an address of its own beside other wires.\n  Give it: --grpc HOST:PORT")
    client = Client(url, authorization=_secret(authorization), timeout=timeout)
    if asked == ["v2-grpc"]:
        grpc = grpc or client.host
    else:
        client.find()
    session = Session(client, None, score_path, live_path, ready_path, max_body, grpc, _message)
    session.subject = _subject(session, bundle, model)
    wires = asked or spoken(session)
    if not wires:
        raise UsageError(f"{url}\n  speaks none of the protocols, as it seems.\n  Name the one to try with --wire.")
    results = [result if as_json else _told(result) for result in judge(session, wires)]
    failed = [result for result in results if result.outcome == "fail" and (strict or result.check.level == "must")]
    if as_json:
        say_json({"url": url, "passed": not failed, "wires": wires, "checks": [result.plain() for result in results]})
    else:
        _summarise(results, wires)
        if bundle is None:
            say(f"next: modelport conformance {url} --bundle DIR compares the values, too")
    if failed:
        raise typer.Exit(FAILED)


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (value := os.environ.get(variable)):
        raise UsageError(f"--auth-env {variable}\n  there is no such variable.\n  Set it to the Authorization header.")
    if not value.isprintable() or not value.isascii():
        raise UsageError(f"--auth-env {variable}\n  holds more than one line of ASCII.\n  Set it to the header alone.")
    return value


def _message(name: str) -> object:
    from modelport_server.wire.messages import message

    return message(name)


def _subject(session: Session, bundle: Path | None, name: str | None) -> Subject | None:
    from modelport import conformance

    return conformance.Subject.of_bundle(bundle, name) if bundle else conformance.subject_of_server(session, name)


def _told(result: Result) -> Result:
    """Say what came of a check, unless it passed."""
    if result.outcome == "fail":
        say(f"{result.check.level:<6}  {result.check.id}  {result.check.demand}")
        say(f"        {result.reason}")
        say(f"        {result.check.source}")
    return result


def _summarise(results: Iterable[Result], wires: Iterable[str]) -> None:
    results = list(results)
    rows = [["wire", "passed", "failed must", "failed should", "skipped"]]
    for wire in wires:
        own = [result for result in results if result.check.id.partition(".")[0] == wire]
        counts = Counter((result.outcome, result.check.level) for result in own)
        skipped = counts["skip", "must"] + counts["skip", "should"]
        passed = counts["pass", "must"] + counts["pass", "should"]
        rows.append([wire, *map(str, (passed, counts["fail", "must"], counts["fail", "should"], skipped))])
    for line in columns(rows):
        say(line)
    reasons = Counter(result.reason for result in results if result.outcome == "skip")
    for reason, count in reasons.items():
        say(f"skipped {counted(count, 'check')}: {reason}")
