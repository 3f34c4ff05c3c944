from __future__ import annotations

import asyncio

from modelport_server.transport.http2.errors import Code, ConnectionBroken

MOST = 1000  # frames
PER_SECOND = 100
PER_WORK = 8


class Budget:
    """Frames that a client may send which ask for work and bring nothing: it earns some with what it has us answer."""

    def __init__(self) -> None:
        self._left = MOST
        self._filled = asyncio.get_running_loop().time()

    def spend(self, count: int = 1) -> None:
        """The client has sent so many.

        Raises:
            ConnectionBroken: they are too many.
        """
        self._left -= count
        if self._left < 0:
            self._refill()
            if self._left < 0:
                raise ConnectionBroken(Code.ENHANCE_YOUR_CALM, "too many frames that bring nothing")

    def earn(self) -> None:
        """An answer, or a frame of one, is sent."""
        self._left = min(self._left + PER_WORK, MOST)

    def _refill(self) -> None:
        now = asyncio.get_running_loop().time()
        self._left += min(int((now - self._filled) * PER_SECOND), MOST)
        self._filled = now
