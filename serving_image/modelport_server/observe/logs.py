"""The server's log, on standard error: lines for people, or a JSON object on each. It is silent of what went well."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
NAMES = ("inference_id", "trace_id")


def configure(form: str, level: str) -> None:
    """Log as `form` (text, json) says what is at least of `level`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class JsonLines(logging.Formatter):
    """An object a line: `time`, `level`, `logger`, `message`, the ids of the request, and of an error type and stack.

    An error's own words are left out, but on the level `debug`: a library may quote in them what a client has sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in NAMES if (value := getattr(record, name, None))},
        }
        if record.exc_info and (error := record.exc_info[1]):
            line["error"] = _error(error)
        return json.dumps(line, default=str)


def _error(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    said = {"message": str(error)} if logging.getLogger().isEnabledFor(logging.DEBUG) else {}
    return {"type": f"{type(error).__module__}.{type(error).__qualname__}", **said, "stack": stack}
