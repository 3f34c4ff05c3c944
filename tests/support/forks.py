"""Engines forked from this process, which has imported all that they need: a run costs a fraction of a second.

Use it in a process that has no threads and has not used gRPC.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import grpc.aio  # noqa: F401  for the children, as the next
import pulumi.provider  # noqa: F401

from modelport_engine import deployment
from modelport_engine.errors import EngineError
from modelport_engine.plugins.nursery import CHILDREN, Nursery
from modelport_engine.projects.project import Project

sys.path.append(str(CHILDREN))
import nursery as nursery_script  # type: ignore[import-not-found]

POLL_SECONDS = 0.002
LONGEST_RUN = 60
PIPE_SIZE = 65_536  # bytes that a pipe holds
STANDARD = (0, 1, 2)


@dataclass(frozen=True)
class Ended:
    """How an engine ended: its exit code (None if it was killed), its errors, and the steps that it took."""

    exit_code: int | None
    errors: str = ""
    steps: tuple[str, ...] = ()


@dataclass
class Engine:
    """A running engine, in a process of its own; `answer` is a pipe."""

    pid: int
    answer: int

    @classmethod
    def start(cls, command: str, folder: Path, env: Mapping[str, str], **options: Any) -> "Engine":
        answer, into = os.pipe()
        starter = os.getpid()
        if pid := os.fork():
            os.close(into)
            return cls(pid, answer)
        nursery_script.die_with(starter)
        ended = Ended(-1, "the engine ended with an exception")
        try:
            ended = _run(command, folder, env, options)
        finally:
            os.write(into, json.dumps(asdict(ended)).encode())
            os._exit(0)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until the condition holds, or the engine has ended."""
        while not until() and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(POLL_SECONDS)

    def end(self) -> Ended:
        """Wait for its end; an engine that hangs is killed."""
        deadline = time.monotonic() + LONGEST_RUN
        self.wait(lambda: time.monotonic() > deadline)
        if hangs := time.monotonic() > deadline:
            self.kill()
        os.waitpid(self.pid, 0)
        text = self._answered()
        assert not hangs, f"the engine was killed because it did not end within {LONGEST_RUN} s"
        return Ended(**json.loads(text)) if text else Ended(None)

    def _answered(self) -> bytes:
        os.set_blocking(self.answer, False)  # a child of it may live on for a moment, and hold the pipe open
        try:
            return os.read(self.answer, PIPE_SIZE)
        except BlockingIOError:
            return b""
        finally:
            os.close(self.answer)


class Fork:
    """As much of `subprocess.Popen` as a nursery needs: this process again, as its script."""

    def __init__(self, argv: list[str], *, pass_fds: tuple[int, ...], **_: Any):
        self._code: int | None = None
        if pid := os.fork():
            self._pid = pid
            return
        os.setpgid(0, 0)
        for path in Path("/proc/self/fd").iterdir():
            if int(path.name) not in (*pass_fds, *STANDARD):
                with suppress(OSError):  # one is that of the folder itself
                    os.close(int(path.name))
        sys.argv = argv[1:]
        code = 1
        try:
            nursery_script.main()
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)

    def poll(self) -> int | None:
        return self._reap(os.WNOHANG)

    def wait(self) -> int | None:
        return self._reap(0)

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def _reap(self, how: int) -> int | None:
        if self._code is None and (ended := os.waitpid(self._pid, how))[0]:
            self._code = os.waitstatus_to_exitcode(ended[1])
        return self._code


def _run(command: str, folder: Path, env: Mapping[str, str], options: Mapping[str, Any]) -> Ended:
    events: list[dict[str, Any]] = []
    with patch("subprocess.Popen", Fork):
        nursery = Nursery(Path(sys.executable), (), env)
    perform = getattr(deployment, command)
    asked = deployment.Options(nursery=nursery, **options)
    try:
        result = perform(Project.load(folder), "dev", asked, on_event=events.append, env=env)
    except EngineError as error:
        return Ended(error.exit_code, str(error))
    said = [each["diagnosticEvent"] for each in events if "diagnosticEvent" in each]
    steps = [each["resOutputsEvent"]["metadata"] for each in events if "resOutputsEvent" in each]
    return Ended(
        result.exit_code,
        "".join(each["message"] for each in said if each["severity"] == "error"),
        tuple(f"{each['op']} {each['urn'].rpartition('::')[2]}" for each in steps),
    )
