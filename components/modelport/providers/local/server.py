from __future__ import annotations

import secrets
import subprocess
import time
from typing import ClassVar

import psutil

from modelport.bundle import load
from modelport.errors import ModelportError
from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from . import process
from .inputs import ServerInputs
from .process import Identity
from .run_dir import POLL_SECONDS, RunDir, Serving

LOCK_SECONDS = 60
SAY_AFTER_SECONDS = 2


class ServerFailed(ModelportError):
    """A server process did not become ready. The text ends with what it said last."""


class LocalServer:
    """`modelport:local:Server`: a real model server as a process of this machine.

    An update starts the new process beside the old one, which hands its listening socket over once the new one has
    answered its own sample. Inputs are the fields of `ServerInputs`; the outputs are these and what `_outputs` adds.
    The id is the run folder.
    """

    kind = "modelport:local:Server"
    model = ServerInputs
    inputs = judged.names(ServerInputs)
    outputs: ClassVar = {
        "url": "string",
        "port": "integer",
        "pid": "integer",
        "instance": "string",
        "version": "string",
        "readySeconds": "number?",
        "log": "string",
    }
    deletes_first = True
    replacing = ("service", "runDir", "host")

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(ServerInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. A port that is not asked for is any port."""
        changed = tuple(name for name in self.inputs if name in new and new[name] != old.get(name))
        return Changes(changed, tuple(name for name in changed if name in self.replacing))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`. An update keeps its address unless it asks for another."""
        port = new.get("port", old.get("port", UNKNOWN))
        url = UNKNOWN if UNKNOWN in (port, new["host"]) else _url(new["host"], port)
        known = {"port": port, "url": url, "log": str(RunDir(new["runDir"]).log)}
        return {**new, **dict.fromkeys(("pid", "instance", "version", "readySeconds"), UNKNOWN), **known}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = ServerInputs.model_validate(inputs)
        return str(wanted.run_dir), _bring_up(wanted, say)

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`. A process that was killed or stopped by hand is gone."""
        run_dir = RunDir(id)
        serving = run_dir.serving()
        if serving is None:
            return None
        return {**outputs, "runDir": id, "digest": serving.digest, **_outputs(run_dir, serving)}

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        return _bring_up(ServerInputs.model_validate(inputs), say)

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. Stops every process of the run folder, those that still drain too."""
        run_dir = RunDir(id)
        if not run_dir.path.exists():
            return
        with run_dir.locked(LOCK_SECONDS):
            process.stop(process.of_folder(run_dir.path))
            run_dir.remove()


def _bring_up(wanted: ServerInputs, say: Say) -> Values:
    """Have a server that is as wanted: the one that runs, or a new one in its place."""
    _check_bundle(wanted)
    run_dir = RunDir(wanted.run_dir)
    with run_dir.locked(LOCK_SECONDS):
        _stop_unfinished(run_dir)
        serving = run_dir.serving()
        if serving is None or not serving.identity.instance.startswith(wanted.fingerprint):
            serving = _start(wanted, run_dir, serving, say)
    return {**wanted.values(), **_outputs(run_dir, serving)}


def _check_bundle(wanted: ServerInputs) -> None:
    actual = load(wanted.bundle).digest
    if actual != wanted.digest:
        problem = f"holds {actual}, {wanted.service} is to serve {wanted.digest}."
        raise ServerFailed(f"{wanted.bundle}\n  {problem}\n  Build the bundle again.")


def _stop_unfinished(run_dir: RunDir) -> None:
    """Stop the server that a killed run started, unless it made it."""
    started, serving = run_dir.started(), run_dir.serving()
    if started and not (serving and serving.identity == started) and (left := started.process()):
        process.stop([left])


def _start(wanted: ServerInputs, run_dir: RunDir, before: Serving | None, say: Say) -> Serving:
    instance = f"{wanted.fingerprint}-{secrets.token_hex(8)}"
    logged = run_dir.log_size()
    server = process.spawn(_arguments(wanted, instance), run_dir.log, run_dir.path)
    run_dir.note_start(Identity(server.pid, instance))
    process.go(server)
    try:
        return _wait_until_ready(wanted, server, instance, run_dir, say)
    except ServerFailed as error:
        lines = "".join(f"\n    {line}" for line in run_dir.last_lines(logged))
        kept = "\n  The one before still serves." if before and before.identity.process() else ""
        raise ServerFailed(f"{wanted.service}: {error}{kept}\n  {run_dir.log} ends with:{lines}") from None


def _arguments(wanted: ServerInputs, instance: str) -> list[str]:
    options = {
        "--model": wanted.bundle,
        "--host": wanted.host,
        "--http-port": wanted.port or 0,
        "--max-body": wanted.request_bytes,
        "--grace": wanted.grace_seconds,
        "--run-dir": wanted.run_dir,
        "--instance": instance,
    }
    return [str(word) for option in options.items() for word in option]


def _wait_until_ready(
    wanted: ServerInputs, server: subprocess.Popen[bytes], instance: str, run_dir: RunDir, say: Say
) -> Serving:
    started = said = time.monotonic()
    while True:
        status = server.poll()
        serving = run_dir.serving()
        if serving and serving.identity.instance == instance:
            server.returncode = 0  # it outlives us: nobody is to wait for it
            return serving
        if status is not None:
            raise ServerFailed(f"the server ended with status {status} before it was ready.")
        now = time.monotonic()
        if now - started > wanted.startup_seconds:
            process.stop([psutil.Process(server.pid)])
            server.wait()
            raise ServerFailed(f"not ready within startupSeconds: {wanted.startup_seconds}. Stopped it.")
        if now - said > SAY_AFTER_SECONDS:
            said = now
            say(f"{wanted.service} answers its sample first ({now - started:.0f} s)")
        time.sleep(POLL_SECONDS)


def _outputs(run_dir: RunDir, serving: Serving) -> Values:
    seconds = {} if serving.ready_seconds is None else {"readySeconds": serving.ready_seconds}
    return {
        **seconds,
        "url": _url(serving.host, serving.port),
        "port": serving.port,
        "pid": serving.identity.pid,
        "instance": serving.identity.instance,
        "version": serving.version,
        "log": str(run_dir.log),
    }


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
