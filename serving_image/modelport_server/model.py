from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from modelport_server.bundle import Bundle, BundleError, verify
from modelport_server.bundle.describe import describe
from modelport_server.bundle.reference import answer, difference, generated_sample
from modelport_server.bundle.trust import Trust
from modelport_server.errors import Fault, Rejected
from modelport_server.metrics import Histogram
from modelport_server.runner import Runner, takes_batches
from modelport_server.session import open_session, reason
from modelport_server.tensors import Array
from modelport_server.wire import v2

INLINE_SECONDS = 200e-6
MOST_ROWS = 32
WEIGHT_OF_LATEST = 0.1


class Model:
    """A model that has answered its own sample.

    Attributes:
        bundle: what it is and takes.
        load_seconds: from reading its files to the right answer.
        inferences: requests answered, or refused by the model.
        run_seconds: how long onnxruntime took, per run: of one request, or of several joined.
    """

    def __init__(self, bundle: Bundle, session: Any, load_seconds: float, usual_seconds: float, most_rows: int = 1):
        self.bundle, self.load_seconds = bundle, load_seconds
        self.inferences, self.run_seconds = 0, Histogram()
        self._session = session
        self._usual_seconds = usual_seconds
        self._runner = Runner(bundle.name, self._run, lambda: self._usual_seconds, most_rows)

    @classmethod
    def load(
        cls,
        path: Path,
        trust: Trust = Trust(),  # noqa: B008  it is frozen
        provider: str = "cpu",
        most_rows: int = MOST_ROWS,
    ) -> Model:
        """Load the bundle folder or .onnx file at `path`, if it is to be trusted, and let it answer its sample.

        Up to `most_rows` rows of requests run as one, where the model is seen to take them so.

        Raises:
            ProviderAbsent: onnxruntime cannot compute with `provider` here.
            BundleError: it is damaged, not trusted, cannot be loaded, or answers its sample otherwise than recorded.
        """
        started = time.perf_counter()
        is_built = path.is_dir()
        bundle = verify(path) if is_built else describe(path)
        trust.check(bundle)
        sample = bundle.sample() if is_built else generated_sample(bundle)
        session = open_session(bundle.model, provider=provider)
        answer(bundle, session, sample)  # the first run allocates; the second shows the usual time
        before = time.perf_counter()
        answered = answer(bundle, session, sample)
        now = time.perf_counter()
        if is_built and (found := difference(bundle, answered["outputs"])):
            remedy = "Build the bundle again with this version of onnxruntime, and look at what changed."
            raise BundleError(path, f"does not answer its own sample: {found}.", remedy)
        asked = v2.inference(sample, memoryview(b""), bundle)
        joins = most_rows > 1 and takes_batches(
            lambda feeds, outputs: session.run(outputs, feeds), asked.feeds, asked.outputs
        )
        return cls(bundle, session, now - started, now - before, most_rows if joins else 1)

    async def infer(self, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
        """The `outputs`, in that order, for the inputs `feeds`.

        Raises:
            Rejected: the model cannot run on these values, or memory ran out.
        """
        self.inferences += 1
        return self._run(feeds, outputs) if self._is_quick else await self._runner.infer(feeds, outputs)

    def infer_here(self, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
        """As `infer`, for a thread that may wait."""
        self.inferences += 1
        return self._run(feeds, outputs) if self._is_quick else self._runner.infer_here(feeds, outputs)

    @property
    def _is_quick(self) -> bool:
        return self._usual_seconds < INLINE_SECONDS  # a hop to another thread would cost more than the run

    def _run(self, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
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
