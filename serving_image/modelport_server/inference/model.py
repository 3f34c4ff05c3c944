from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelport_server.bundle import Bundle, BundleError, verify
from modelport_server.bundle.describe import describe
from modelport_server.bundle.reference import answer, difference, generated_sample
from modelport_server.bundle.trust import Trust
from modelport_server.errors import Fault, Rejected
from modelport_server.inference.answers import Answers
from modelport_server.inference.joining import Feeds, Job, takes_batches
from modelport_server.inference.runner import Limits, Runner
from modelport_server.inference.session import open_bundle, reason
from modelport_server.inference.tick import Tick
from modelport_server.observe.metrics import Histogram
from modelport_server.tensors import Array
from modelport_server.wire import v2

INLINE_SECONDS = 200e-6
WEIGHT_OF_LATEST = 0.1


@dataclass(frozen=True)
class Execution:
    """How models run.

    Attributes:
        provider: what onnxruntime computes with: see `session.PROVIDERS`.
        threads: of one run; None: the cores granted to this process.
        limits: how requests wait and run together.
        answers: where those are kept that may come again, or None.
    """

    provider: str = "cpu"
    threads: int | None = None
    limits: Limits = field(default_factory=Limits)
    answers: Answers | None = None


class Model:
    """A model that has answered its own sample.

    Attributes:
        bundle: what it is and takes.
        load_seconds: from reading its files to the right answer.
        inferences: requests answered, or refused by the model.
        run_seconds: how long onnxruntime took, per run: of one request, or of several joined.
    """

    def __init__(
        self, bundle: Bundle, session: Any, load_seconds: float, usual_seconds: float, execution: Execution
    ) -> None:
        self.bundle, self.load_seconds = bundle, load_seconds
        self.inferences, self.run_seconds = 0, Histogram()
        self._session, self._answers = session, execution.answers
        self._usual_seconds = usual_seconds
        waits = execution.provider != "cpu" or execution.limits.delay  # for a GPU, or for more: not in the loop
        self._may_be_quick = not waits
        self._tick = Tick(self._run, execution.limits.most_rows)
        self._runner = Runner(bundle.name, self._run, lambda: self._usual_seconds, execution.limits)

    @classmethod
    def load(cls, path: Path, trust: Trust = Trust(), execution: Execution = Execution()) -> Model:  # noqa: B008  frozen
        """Load the bundle folder or .onnx file at `path`, if it is to be trusted, and let it answer its sample.

        Requests run together only where the model is seen to take them so.

        Raises:
            ProviderAbsent: onnxruntime cannot compute with the provider here.
            BundleError: it is damaged, not trusted, cannot be loaded, or answers its sample otherwise than recorded.
        """
        started = time.perf_counter()
        is_built = path.is_dir()
        bundle = verify(path) if is_built else describe(path)
        trust.check(bundle)
        sample = bundle.sample() if is_built else generated_sample(bundle)
        session = open_bundle(bundle, threads=execution.threads, provider=execution.provider)
        answer(bundle, session, sample)  # the first run allocates; the second shows the usual time
        before = time.perf_counter()
        answered = answer(bundle, session, sample)
        now = time.perf_counter()
        if is_built and (found := difference(bundle, answered["outputs"])):
            remedy = "Build the bundle again with this version of onnxruntime, and look at what changed."
            raise BundleError(path, f"does not answer its own sample: {found}.", remedy)
        return cls(bundle, session, now - started, now - before, _as_seen(bundle, session, sample, execution))

    @property
    def waiting(self) -> int:
        """The requests that have not begun to run."""
        return self._runner.waiting

    def infer(self, feeds: Feeds, outputs: list[str], deadline: float | None = None) -> Awaitable[list[Array]]:
        """The `outputs`, in that order, for the inputs `feeds`; `deadline` is a time by `time.monotonic`.

        Raises:
            Rejected: the model cannot run on these values, memory ran out, or the model did not come to them.
        """
        self.inferences += 1
        infer = self._infer if self._answers is None else self._recall
        return infer(feeds, outputs, deadline)

    def submit(self, job: Job) -> None:
        """Have a job answered with what else waits.

        Raises:
            Rejected: too much waits.
        """
        self.inferences += 1
        if self._is_quick:
            self._tick.add(job)
        else:
            job.loop = asyncio.get_running_loop()
            self._runner.add(job)

    async def _recall(self, feeds: Feeds, outputs: list[str], deadline: float | None) -> list[Array]:
        assert self._answers
        key = self._answers.key(self.bundle.digest, feeds, outputs)
        if (known := self._answers.get(key)) is None:
            known = await self._infer(feeds, outputs, deadline)
            self._answers.keep(key, known)
        return known

    def _infer(self, feeds: Feeds, outputs: list[str], deadline: float | None) -> Awaitable[list[Array]]:
        if self._is_quick:
            return self._tick.infer(feeds, outputs)
        return self._runner.infer(feeds, outputs, deadline)

    @property
    def _is_quick(self) -> bool:
        """Whether a hop to another thread would cost more than the run."""
        return self._usual_seconds < INLINE_SECONDS and self._may_be_quick

    def _run(self, feeds: Feeds, outputs: list[str]) -> list[Array]:
        started, busy = time.perf_counter(), time.thread_time()
        try:
            arrays: list[Array] = self._session.run(outputs, feeds)
        except Exception as error:  # onnxruntime's exceptions share no base class
            fault = Fault.OUT_OF_MEMORY if "alloc" in str(error) else Fault.INVALID_INPUT
            raise Rejected(fault, f"the model cannot run on this input: {reason(error)}") from error
        self.run_seconds.observe(time.perf_counter() - started)
        # by the thread's own clock: on the other one a run in the runner thread includes its wait for the interpreter
        self._usual_seconds += WEIGHT_OF_LATEST * (time.thread_time() - busy - self._usual_seconds)
        return arrays


def _as_seen(bundle: Bundle, session: Any, sample: dict[str, Any], execution: Execution) -> Execution:
    """The execution, without joined requests where the model does not take them."""
    asked = v2.inference(sample, memoryview(b""), bundle)
    if execution.limits.most_rows > 1 and takes_batches(
        lambda feeds, outputs: session.run(outputs, feeds), asked.feeds, asked.outputs
    ):
        return execution
    return replace(execution, limits=replace(execution.limits, most_rows=1))
