"""Run a Pulumi program: ``python program.py SETTINGS``.

SETTINGS is JSON: the entry point, the folder to run it in, whether messages for debugging are wanted, and what
`pulumi.runtime.Settings` takes. The config is in PULUMI_CONFIG. Runs under the program's own interpreter, so it needs
the Pulumi SDK and nothing else.
"""

import asyncio
import json
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

LOGGED = 32  # the exit code that says: the engine has been told what went wrong


def main() -> int:
    """Run the program to its end; the exit code says whether it failed, and whether the engine already knows why."""
    settings = json.loads(sys.argv[1])
    entry, folder, debug = settings.pop("entry"), settings.pop("folder"), settings.pop("debug")
    os.chdir(folder)
    sys.path[0] = folder
    sys.argv = [entry]
    return run(entry, settings, settings["parallel"], debug=debug)


def run(entry: str, settings: dict[str, Any], parallel: int, *, debug: bool) -> int:
    """Run the entry point inside the stack resource, with a thread for each call that may wait for the engine."""
    import pulumi
    import pulumi.runtime

    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    if not debug:  # each message is a call that the program waits for, several for every resource
        pulumi.log.debug = lambda *_, **__: None
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # One more than the engine serves at once, so that the engine and not this pool decides the order.
    loop.set_default_executor(ThreadPoolExecutor(max_workers=max(parallel + 1, 64)))
    program = pulumi.runtime.run_in_stack(lambda: runpy.run_path(entry, run_name="__main__") and None)
    try:
        loop.run_until_complete(program)
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return LOGGED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException as error:
        pulumi.log.error("Program failed with an unhandled exception:\n" + own_traceback(error))
        return LOGGED
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def own_traceback(error: BaseException) -> str:
    """The traceback from the first line of the user's program on."""

    def foreign(frame: TracebackType) -> bool:
        name = frame.tb_frame.f_code.co_filename
        return name == __file__ or name.startswith("<frozen") or "/asyncio/" in name or "/pulumi/runtime/" in name

    start = error.__traceback__
    while start is not None and foreign(start):
        start = start.tb_next
    return "".join(traceback.format_exception(type(error), error, start or error.__traceback__)).rstrip("\n")


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(
        code
    )  # a call that the engine never answers keeps a thread waiting, and an ordinary exit would wait for it
