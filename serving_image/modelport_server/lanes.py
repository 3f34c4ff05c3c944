"""Requests that differ from one that was answered in nothing but their numbers are read, run and written together.

The first of a kind goes the usual way, which knows every rule, and so does what a lane is not sure of.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from modelport_server import tensors
from modelport_server.errors import Fault, Rejected
from modelport_server.exchange import Head, Request, Response
from modelport_server.inference.joining import Job, Run
from modelport_server.inference.model import Model
from modelport_server.inference.promise import Promise
from modelport_server.observe.metrics import Traffic
from modelport_server.tensors import Array, Inference
from modelport_server.wire import envelopes, v2
from modelport_server.wire.forms import Form, joined

MOST_KEPT = 256  # lanes, and heads that lead to them
NUMBERS = "fiu"  # kinds of dtypes


class Way(NamedTuple):
    """Where a head leads: to which model, with how many bytes of JSON before the values if they are bytes.

    `patience` is for how many seconds its client waits.
    """

    model: Model
    json_size: int | None
    patience: float


class Lane:
    """Requests of one kind: with one input of one shape, for outputs of shapes that were seen."""

    def __init__(self, model: Model, asked: Inference, form: Form, *, is_json: bool):
        ((name, array),) = asked.feeds.items()
        self.rows = asked.rows
        self._outputs, self._form, self._is_json = asked.outputs, form, is_json
        self._tensor, self._shape = model.bundle.inputs_by_name[name], array.shape
        self._commas, self._bytes = math.prod(array.shape) - 1, array.nbytes

    def takes(self, values: bytes) -> bool:
        """Whether these are as many values as they should be."""
        return values.count(b",") == self._commas if self._is_json else len(values) == self._bytes

    def answers(self, run: Run, values: Sequence[bytes]) -> list[Response]:
        """The answer to each, with status 200.

        Raises:
            Rejected: it needs the usual way, which knows whether it is right.
        """
        array = self._read(values, joined(self._shape, len(values)))
        return self._form.responses(run({self._tensor.name: array}, self._outputs), len(values))

    def _read(self, values: Sequence[bytes], shape: tuple[int, ...]) -> Array:
        if not self._is_json:
            return tensors.from_bytes(b"".join(values), shape, self._tensor)
        # not by `%`, which takes ten times as long for so many
        text = values[0] if len(values) == 1 else b"".join((b"[", b",".join([each[1:-1] for each in values]), b"]"))
        return tensors.from_list(envelopes.values(text), shape, self._tensor)


class LaneJob(Job):
    """A request in its lane."""

    __slots__ = ("lane", "values")

    def __init__(self, lane: Lane, values: bytes, answer: LaneAnswer, deadline: float):
        super().__init__(answer, None, deadline, lane.rows, lane)
        self.lane, self.values = lane, values

    def alone(self, run: Run) -> Response:
        """See Job."""
        return self.lane.answers(run, [self.values])[0]

    def together(self, run: Run, jobs: Sequence[LaneJob]) -> list[Response]:
        """See Job."""
        return self.lane.answers(run, [job.values for job in jobs])


class LaneAnswer(Promise):
    """The answer to a request in a lane; what the lane cannot answer is answered the usual way."""

    __slots__ = ("_lanes", "_request", "_started", "_usual")

    def __init__(self, lanes: Lanes, request: Request):
        super().__init__()
        self._lanes, self._request, self._started = lanes, request, time.perf_counter()
        self._usual: asyncio.Task[Response] | None = None

    def set_result(self, result: Response) -> None:
        """See Promise."""
        if not self.done():
            self._lanes.count(result.status, time.perf_counter() - self._started)
        super().set_result(result)

    def set_exception(self, error: BaseException) -> None:
        """See Promise."""
        if isinstance(error, Rejected) and error.fault is Fault.LATE:
            self.set_result(self._lanes.refuse(error))
        elif not self.done():
            self._usual = self._lanes.answer_as_usual(self._request)
            self._usual.add_done_callback(self._settle)

    def cancel(self, msg: object = None) -> bool:
        """See Promise."""
        if not super().cancel(msg):
            return False
        if self._usual:
            self._usual.cancel()
        else:
            self._lanes.count(Fault.ABANDONED.status, time.perf_counter() - self._started)
        return True

    def _settle(self, usual: asyncio.Task[Response]) -> None:
        if not (usual.cancelled() or self.done()):
            super().set_result(usual.result())


class Lanes:
    """The lanes that are open for requests of `route`.

    `usual` is how all else is answered, `refuse` says what becomes of a request that is rejected.
    """

    def __init__(
        self,
        route: str,
        traffic: Traffic,
        usual: Callable[[Request], Coroutine[Any, Any, Response]],
        refuse: Callable[[Rejected], Response],
    ):
        self.refuse = refuse
        self._route, self._traffic, self._usual = route, traffic, usual
        self._ways: dict[Head | None, Way] = {}
        self._lanes: dict[tuple[Model, int | None, object], Lane] = {}

    def take(self, request: Request) -> LaneAnswer | None:
        """The answer to come, if there is a lane for the request, and room."""
        if (way := self._ways.get(request.head)) is None:
            return None
        model, json_size, patience = way
        if (parted := v2.parted(request.body, json_size)) is None:
            return None
        lane = self._lanes.get((model, json_size, parted.around))
        if lane is None or not lane.takes(parted.values):
            return None
        answer = LaneAnswer(self, request)
        self._traffic.inflight += 1
        try:
            model.submit(LaneJob(lane, parted.values, answer, time.monotonic() + patience))
        except Rejected:
            self._traffic.inflight -= 1
            return None
        return answer

    def open(self, request: Request, way: Way, asked: Inference, arrays: list[Array]) -> None:
        """Open a lane for requests like this one, which was answered with `arrays`, if there can be one."""
        if not (request.head and _is_plain(asked)) or request.head in self._ways:
            return
        model, json_size, _ = way
        parted, form = v2.parted(request.body, json_size), Form.of(model.bundle, asked, arrays)
        if not (parted and form and v2.is_known(parted, json_size, model.bundle)):
            return
        for kept in (self._ways, self._lanes):
            if len(kept) >= MOST_KEPT:
                kept.clear()
        self._ways[request.head] = way
        self._lanes.setdefault((model, json_size, parted.around), Lane(model, asked, form, is_json=json_size is None))

    def count(self, status: int, seconds: float) -> None:
        """Note that a request was answered, or left."""
        self._traffic.inflight -= 1
        self._traffic.count(self._route, status, seconds)

    def answer_as_usual(self, request: Request) -> asyncio.Task[Response]:
        """Begin anew with a request that its lane could not answer."""
        self._traffic.inflight -= 1  # the usual way counts for itself
        return asyncio.get_running_loop().create_task(self._usual(request))


def _is_plain(asked: Inference) -> bool:
    """Whether requests of this kind differ in numbers alone."""
    arrays = list(asked.feeds.values())
    return asked.id is None and len(arrays) == 1 and arrays[0].size > 0 and arrays[0].dtype.kind in NUMBERS
