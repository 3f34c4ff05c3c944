"""Requests that differ from one that was answered in nothing but their numbers are read, run and written together.

For models that run in the loop, where all else costs more than the run. The first of a kind, and what a lane is not
sure of, goes the usual way, which knows every rule.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from modelport_server import tensors
from modelport_server.errors import Fault
from modelport_server.exchange import Head, Request, Response
from modelport_server.inference.model import Model
from modelport_server.inference.promise import Promise
from modelport_server.inference.tick import Pass
from modelport_server.observe.metrics import Traffic
from modelport_server.tensors import Array, Inference
from modelport_server.wire import envelopes, v2
from modelport_server.wire.forms import Form, joined

MOST_LANES = 256
NUMBERS = "fiu"  # kinds of dtypes

Usual = Callable[[Request], Coroutine[Any, Any, Response]]


class Ticket(Promise):
    """A request in its lane, and the promise of its answer."""

    __slots__ = ("lane", "request", "started", "values")

    def __init__(self, lane: Lane, request: Request, values: bytes):
        super().__init__()
        self.lane, self.request, self.values = lane, request, values
        self.started = time.perf_counter()


class Lane:
    """Requests of one kind: for a model, with one input of one shape, for outputs of shapes that were seen.

    Attributes:
        model: it answers them.
        most: requests that run as one.
    """

    def __init__(self, model: Model, asked: Inference, form: Form, *, is_json: bool):
        ((name, array),) = asked.feeds.items()
        self.model, self._outputs, self._form, self._is_json = model, asked.outputs, form, is_json
        self.most = max(1, model.most_rows // max(1, asked.rows))
        self._tensor, self._shape = model.bundle.inputs_by_name[name], array.shape
        self._commas, self._bytes = math.prod(array.shape) - 1, array.nbytes

    def takes(self, values: bytes) -> bool:
        """Whether these are as many values as they should be, of a model that still runs in the loop."""
        fits = values.count(b",") == self._commas if self._is_json else len(values) == self._bytes
        return fits and self.model.is_quick

    def answers(self, values: Sequence[bytes]) -> list[Response]:
        """The answer to each, with status 200.

        Raises:
            Rejected: it needs the usual way, which knows whether it is right.
        """
        array = self._read(values, joined(self._shape, len(values)))
        arrays = self.model.run({self._tensor.name: array}, self._outputs, requests=len(values))
        return self._form.responses(arrays, len(values))

    def _read(self, values: Sequence[bytes], shape: tuple[int, ...]) -> Array:
        if not self._is_json:
            return tensors.from_bytes(b"".join(values), shape, self._tensor)
        text = values[0] if len(values) == 1 else b"[%b]" % b",".join([each[1:-1] for each in values])
        return tensors.from_list(envelopes.values(text), shape, self._tensor)


class Lanes:
    """The lanes that are open for requests of `route`; `usual` is how all else is answered."""

    def __init__(self, route: str, traffic: Traffic, usual: Usual):
        self._route, self._traffic, self._usual = route, traffic, usual
        self._heads: dict[Head | None, tuple[Model, int | None]] = {}
        self._lanes: dict[tuple[Model, int | None, object], Lane] = {}
        self._pass = Pass(self._answer)
        self._tasks: set[asyncio.Task[Response]] = set()

    def take(self, request: Request) -> Ticket | None:
        """A promise of the answer, if there is a lane for the request."""
        if (known := self._heads.get(request.head)) is None:
            return None
        model, size = known
        if (parted := v2.parted(request.body, size)) is None:
            return None
        lane = self._lanes.get((model, size, parted.around))
        if lane is None or not lane.takes(parted.values):
            return None
        self._traffic.inflight += 1
        ticket = Ticket(lane, request, parted.values)
        self._pass.add(ticket)
        return ticket

    def open(self, request: Request, size: int | None, model: Model, asked: Inference, arrays: list[Array]) -> None:
        """Open a lane for requests like this one, which was answered with `arrays`, if there can be one.

        With a `size`, the values are bytes, behind so many of JSON.
        """
        parted = v2.parted(request.body, size)
        if not (request.head and parted and model.is_quick and _is_plain(asked)):
            return
        form = Form.of(model.bundle, asked, arrays)
        if not form or not v2.is_known(parted, size, model.bundle):
            return
        if len(self._lanes) >= MOST_LANES:
            self._lanes.clear()
        if len(self._heads) >= MOST_LANES:
            self._heads.clear()
        self._heads[request.head] = model, size
        self._lanes.setdefault((model, size, parted.around), Lane(model, asked, form, is_json=size is None))

    def _answer(self, tickets: list[Ticket]) -> None:
        groups: dict[Lane, list[Ticket]] = {}
        for ticket in tickets:
            if ticket.done():  # the client has gone
                self._count(ticket, Fault.ABANDONED.status)
            else:
                groups.setdefault(ticket.lane, []).append(ticket)
        for lane, group in groups.items():
            for start in range(0, len(group), lane.most):
                self._answer_together(lane, group[start : start + lane.most])

    def _answer_together(self, lane: Lane, tickets: list[Ticket]) -> None:
        try:
            responses = lane.answers([ticket.values for ticket in tickets])
        except Exception:
            for ticket in tickets:
                self._answer_as_usual(ticket)
            return
        for ticket, response in zip(tickets, responses, strict=True):
            self._count(ticket, response.status)
            ticket.set_result(response)

    def _count(self, ticket: Ticket, status: int) -> None:
        self._traffic.inflight -= 1
        self._traffic.count(self._route, status, time.perf_counter() - ticket.started)

    def _answer_as_usual(self, ticket: Ticket) -> None:
        def settle(task: asyncio.Task[Response]) -> None:
            self._tasks.discard(task)
            if not (task.cancelled() or ticket.done()):
                ticket.set_result(task.result())

        self._traffic.inflight -= 1  # the usual way counts for itself
        task = asyncio.get_running_loop().create_task(self._usual(ticket.request))
        self._tasks.add(task)
        task.add_done_callback(settle)


def _is_plain(asked: Inference) -> bool:
    """Whether requests of this kind differ in numbers alone."""
    arrays = list(asked.feeds.values())
    return asked.id is None and len(arrays) == 1 and arrays[0].size > 0 and arrays[0].dtype.kind in NUMBERS
