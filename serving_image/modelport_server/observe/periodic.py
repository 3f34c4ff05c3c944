from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Periodic:
    """A thread that does something every `seconds`, and once more at the end. What fails is logged and tried again."""

    def __init__(self, name: str, seconds: float, do: Callable[[], None]):
        self._name, self._seconds, self._do = name, seconds, do
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, limit: float) -> None:
        """Do it a last time, for at most `limit` seconds."""
        self._stop.set()
        self._thread.join(limit)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.wait(self._seconds)
            try:
                self._do()
            except Exception as error:
                log.error("%s: %s: %s", self._name, type(error).__name__, error)
