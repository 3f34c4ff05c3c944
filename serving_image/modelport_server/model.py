from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from modelport_server.bundle import Bundle, BundleError, verify
from modelport_server.bundle.describe import describe
from modelport_server.bundle.reference import answer, difference, generated_sample
from modelport_server.bundle.trust import Trust
from modelport_server.errors import Fault, Rejected
from modelport_server.metrics import Histogram
from modelport_server.session import open_session, reason
from modelport_server.tensors import Array

INLINE_SECONDS = 200e-6
WEIGHT_OF_LATEST = 0.1


class Model:
    """A model that has answered its own sample.

    Attributes:
        bundle: what it is and takes.
        load_seconds: from reading its files to the right answer.
        run_seconds: how long onnxruntime took, per request.
    """

    def __init__(self, bundle: Bundle, session: Any, load_seconds: float, usual_seconds: float):
        self.bundle, self.load_seconds = bundle, load_seconds
        self.run_seconds = Histogram()
        self._session = session
        self._usual_seconds = usual_seconds
        self._runner = ThreadPoolExecutor(1, thread_name_prefix=bundle.name)

    @classmethod
    def load(cls, path: Path, trust: Trust = Trust(), provider: str = "cpu") -> Model:  # noqa: B008  it is frozen
        """Load the bundle folder or .onnx file at `path`, if it is to be trusted, and let it answer its sample.

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
        return cls(bundle, session, load_seconds=now - started, usual_seconds=now - before)

    async def infer(self, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
        """The `outputs`, in that order, for the inputs `feeds`.

        Raises:
            Rejected: the model cannot run on these values, or memory ran out.
        """
        if self._is_quick:
            return self._run(feeds, outputs)
        return await asyncio.get_running_loop().run_in_executor(self._runner, self._run, feeds, outputs)

    def infer_here(self, feeds: dict[str, Array], outputs: list[str]) -> list[Array]:
        """As `infer`, for a thread that may wait."""
        if self._is_quick:
            return self._run(feeds, outputs)
        return self._runner.submit(self._run, feeds, outputs).result()

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
