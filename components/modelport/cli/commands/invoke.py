import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from modelport.cli.console import say, tell
from modelport.cli.engines import choose
from modelport.cli.errors import UsageError
from modelport.cli.workspace import Workspace
from modelport.errors import ModelportError

TIMEOUT_SECONDS = 60
BEARER = "TOKEN"
"""Environment variable with the token for a service that wants one."""


def invoke(
    service: Annotated[str, typer.Argument(help="The service, by name.")],
    stack: Annotated[str | None, typer.Option("--stack", "-s", help="The stack; without it, the only one.")] = None,
    target: Annotated[str | None, typer.Option("--target", help="Where, if it runs on several targets.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A V2 infer request; - is standard input; without it, the sample.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the answer exactly as it came.")] = False,
) -> None:
    """Send a request to a service and show the answer."""
    workspace = Workspace.find(stack)
    where, made, digest = _deployed(choose("auto").outputs(workspace), service, target, workspace.stack)
    body = _request(data) if data else _sample(workspace, digest)
    answer = _answer(where, made, body)
    if raw:
        sys.stdout.buffer.write(answer)
        return
    for output in json.loads(answer)["outputs"]:
        say(f"{output['name']}  {output['datatype']}{output['shape']}  {_short(output['data'])}")


def _answer(target: str, made: Mapping[str, Any], body: bytes) -> bytes:
    """The answer of a service, or of the cloud that wants to know first who asks."""
    from importlib.util import find_spec

    invoking = f"modelport.targets.{target}.invoking"
    if find_spec(invoking) is None:
        return _post(made["endpoint"]["url"] + "/infer", body, _identity(made), made["invoke"])
    from importlib import import_module

    from modelport.targets.advice import advice

    try:
        answer: bytes = import_module(invoking).ask(made["endpoint"], body, made["invoke"])
        return answer
    except ModelportError as error:
        hint = advice(str(error))
        raise ModelportError(f"{error}\n  {hint}" if hint else str(error)) from error


def _deployed(outputs: Any, service: str, target: str | None, stack: str) -> tuple[str, dict[str, Any], str]:
    """A target, what runs of a service on it, and the digest of its model."""
    from modelport.spec import did_you_mean

    services = outputs.get("services") or {}
    if service not in services:
        hint = did_you_mean(service, list(services)) or f"Start with: modelport up -s {stack}"
        raise UsageError(f"{service}\n  no such service is deployed. {hint}")
    targets = services[service]["targets"]
    chosen = target or (next(iter(targets)) if len(targets) == 1 else "")
    if chosen not in targets:
        raise UsageError(f"{service}\n  name one of its targets with --target: {', '.join(targets)}")
    return chosen, targets[chosen], services[service]["model"]["digest"]


def _request(data: Path) -> bytes:
    if str(data) == "-":
        return sys.stdin.buffer.read()
    try:
        return data.read_bytes()
    except OSError as error:
        raise UsageError(f"{data}\n  cannot be read: {error.strerror}") from None


def _sample(workspace: Workspace, digest: str) -> bytes:
    sample = workspace.root / ".modelport" / "bundles" / digest.removeprefix("sha256:") / "sample.json"
    if not sample.exists():
        raise UsageError(f"{sample}\n  this machine has no sample of the model. Send a request with --data FILE.")
    tell(f"sends {sample}")
    return sample.read_bytes()


def _identity(made: Mapping[str, Any]) -> dict[str, str]:
    """What shows the service who asks, if it wants to know."""
    if made["endpoint"].get("auth", {}).get("kind") != "bearer":
        return {}
    if not (token := os.environ.get(BEARER)):
        raise UsageError(
            f"{BEARER}\n  is not set, and the service wants a token. Set it, or ask with:\n  {made['invoke']}"
        )
    return {"Authorization": f"Bearer {token}"}


def _post(url: str, body: bytes, identity: Mapping[str, str], otherwise: str) -> bytes:
    """The answer to a request; `otherwise` is the command for a machine that does not know the address."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from socket import gaierror
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json", **identity})
        response = connection.getresponse()
        answer = response.read()
    except gaierror:
        raise ModelportError(
            f"{url}\n  is private: this machine does not know the address. From here it may do with:\n  {otherwise}"
        ) from None
    except (OSError, HTTPException) as error:
        raise ModelportError(f"{url}\n  does not answer: {error}. See whether it runs: modelport refresh") from None
    finally:
        connection.close()
    if response.status != 200:
        raise ModelportError(f"{url}\n  answered {response.status}: {answer.decode('utf-8', 'replace').strip()}")
    return answer


def _short(data: Any, most: int = 10) -> str:
    values = [f"{value:.6g}" if isinstance(value, float) else json.dumps(value) for value in data[:most]]
    return "[" + ", ".join(values) + (", …]" if len(data) > most else "]")
