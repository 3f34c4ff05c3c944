"""`modelport-server`: serve models until told to stop, or fetch them for a server to come."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelport_server import environment
from modelport_server.access import options as access
from modelport_server.bundle import BundleError, verify
from modelport_server.bundle.sources import default_cache, fetch
from modelport_server.bundle.trust import Trust
from modelport_server.errors import ServerError
from modelport_server.observe import logs
from modelport_server.observe import options as observe
from modelport_server.paths import Paths

if TYPE_CHECKING:
    from modelport_server.inference.model import Execution


def main(arguments: list[str] | None = None) -> int:
    """Do as the command line says; gives the exit status: 0 drained or fetched, 1 failed, 2 usage, 3 model."""
    options = _parser().parse_args(arguments)
    if options.wait_for_go:
        _wait_for_go()
    logs.configure(options.log_format, options.log_level)
    try:
        {"serve": _serve, "fetch": _fetch}[options.command](options)
    except ServerError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _serve(options: argparse.Namespace) -> None:
    from modelport_server.serve import Options, serve  # heavy, and not needed to say what is wrong with the arguments

    serve(
        Options(
            models=_models(options),
            cache=options.cache.resolve(),
            trust=_trust(options),
            execution=_execution(options),
            host=options.host,
            port=environment.http_port(os.environ) if options.http_port is None else options.http_port,
            grpc_port=options.grpc_port,
            paths=_paths(options),
            max_body=options.max_body,
            timeout=options.timeout,
            guard=access.guard_of(options),
            run_dir=options.run_dir,
            grace=options.grace,
            drain=options.drain,
            instance=options.instance,
            watching=observe.watching(options),
        )
    )


def _fetch(options: argparse.Namespace) -> None:
    """Bring bundles to the cache, or find them there, and say where each is."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))  # what is not whole is no success
    trust, cache = _trust(options), options.cache.resolve()
    fetched = [(path, verify(path)) for source in _models(options) for path in fetch(source, cache)]
    for _, bundle in fetched:
        trust.check(bundle)
    models = [{"name": bundle.name, "digest": bundle.digest, "path": str(path)} for path, bundle in fetched]
    print(json.dumps({"fetched": models}), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="modelport-server", description="Serve ONNX models until told to stop.")
    parser.add_argument(
        "command", nargs="?", choices=["serve", "fetch"], default="serve",
        help="serve (the default), or fetch the bundles to --cache, check them and end",
    )  # fmt: skip
    parser.add_argument(
        "--model", action="append", help="a bundle, .onnx file or archive, here or in a store; may be repeated"
    )
    parser.add_argument("--digest", action="append", help="serve nothing but a bundle of this digest; may be repeated")
    parser.add_argument("--public-key", type=Path, help="serve nothing but bundles signed with it: a PEM file")
    parser.add_argument("--provider", choices=["cpu", "cuda"], default="cpu", help="what computes (default: cpu)")
    parser.add_argument("--max-batch", type=int, default=32, help="rows of requests that run as one (default: 32)")
    parser.add_argument("--max-delay", type=float, default=0, help="seconds that a run waits to be full (default: 0)")
    parser.add_argument(
        "--max-queue", type=int, default=1000, help="requests that may wait for a model (default: 1000)"
    )
    parser.add_argument("--threads", type=int, help="threads of a run (default: the cores granted)")
    parser.add_argument(
        "--keep-answers", type=int, default=0, help="bytes of answers kept for what comes again (0: none)"
    )
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where fetched models are kept")
    parser.add_argument("--http-port", type=int, help="0 picks a free one (default: the platform's, or 8080)")
    parser.add_argument("--grpc-port", type=int, help="serve V2 gRPC, too; 0 picks a free one (default: not)")
    parser.add_argument("--score-path", action="append", help="a path for scoring, as /invocations (default: /score)")
    parser.add_argument("--live-path", action="append", help="a path that says whether the process lives")
    parser.add_argument("--ready-path", action="append", help="a path that says whether the models serve")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--max-body", type=int, default=6_291_456, help="bytes a request may have (default: 6 MiB)")
    parser.add_argument(
        "--timeout", type=float, default=60, help="seconds until a request that waits is dropped (default: 60)"
    )
    parser.add_argument("--run-dir", type=Path, help="where a running server hands over to this one")
    parser.add_argument("--grace", type=float, default=5, help="seconds for idle connections in a drain (default: 5)")
    parser.add_argument(
        "--drain", type=float, default=23, help="seconds for what is being answered in a drain (default: 23)"
    )
    parser.add_argument("--instance", help="a word by which the starter knows this process")
    parser.add_argument("--wait-for-go", action="store_true", help="start at a line on standard input, exit at its end")
    access.add_arguments(parser)
    observe.add_arguments(parser)
    parser.set_defaults(**_environment(parser))
    return parser


def _environment(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Defaults from MODELPORT_HTTP_PORT and so on. What may be repeated has commas, but paths of models as in PATH."""
    given = {action.dest: os.environ.get(f"MODELPORT_{action.dest.upper()}") for action in parser._actions}
    defaults: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if "model" in defaults:
        defaults["model"] = defaults["model"].split("," if "://" in defaults["model"] else os.pathsep)
    for name in ("score_path", "live_path", "ready_path", "digest", *observe.REPEATED):
        if name in defaults:
            defaults[name] = defaults[name].split(",")
    return defaults


def _paths(options: argparse.Namespace) -> Paths:
    """What the command line says, or else the platform, or else the usual."""
    score = options.score_path or [*Paths.score, *environment.score_paths(os.environ)]
    ready = options.ready_path or environment.ready_paths(os.environ)
    return Paths(tuple(score), tuple(options.live_path or ()), tuple(ready))


def _execution(options: argparse.Namespace) -> Execution:
    from modelport_server.inference.answers import Answers
    from modelport_server.inference.model import Execution
    from modelport_server.inference.runner import Limits

    limits = Limits(options.max_batch, options.max_delay, options.max_queue)
    answers = Answers(options.keep_answers) if options.keep_answers else None
    return Execution(options.provider, options.threads, limits, answers)


def _trust(options: argparse.Namespace) -> Trust:
    try:
        key = options.public_key.read_bytes() if options.public_key else None
    except OSError as error:
        raise BundleError(
            options.public_key, f"cannot be read: {error.strerror}.", "Give a public key in PEM."
        ) from error
    return Trust(tuple(options.digest or ()), key)


def _models(options: argparse.Namespace) -> tuple[str, ...]:
    """Where the models come from: as the command line says, or the platform."""
    named = options.model or environment.models(os.environ)
    return tuple(model if "://" in model else str(Path(model).resolve()) for model in named)


def _wait_for_go() -> None:
    """Wait for a line, so that a starter that dies before it has noted this process leaves none behind."""
    if not sys.stdin.buffer.readline().endswith(b"\n"):
        sys.exit(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # process 1 of a container would not be stopped else
    raise SystemExit(main())
