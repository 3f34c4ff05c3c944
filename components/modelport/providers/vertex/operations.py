"""Long-running operations: what Google goes on with whether or not anybody waits.

Source: https://cloud.google.com/vertex-ai/docs/general/long-running-operations
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from modelport.providers.crud import Say

from .google import Google, GoogleError, described, patiently

FIRST_POLL, LONGEST_POLL, GROWTH = 1.0, 15.0, 1.5
SAY_SECONDS = 30.0


class OperationFailed(GoogleError):
    """What was begun has come to a bad end."""


class StillRunning(GoogleError):
    """What was begun takes longer than it may. It goes on."""


def finish(google: Google, operation: Mapping[str, Any], seconds: float, say: Say) -> dict[str, Any]:
    """The response of an operation, when it is done.

    Args:
        operation: as Google has answered the request that began it.
        seconds: how long to wait for it.

    Raises:
        OperationFailed: it ends with an error.
        StillRunning: it goes on for longer.
        GoogleError: Google does not say.
    """
    name, began, pause = operation["name"], time.monotonic(), FIRST_POLL
    told = began
    while not operation.get("done"):
        waited = time.monotonic() - began
        if waited > seconds:
            raise StillRunning(name, f"goes on after {waited:.0f} s. Run again to wait for it.")
        if time.monotonic() - told > SAY_SECONDS:
            told = time.monotonic()
            say(f"{_kind(operation)} goes on for {waited:.0f} s")
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_POLL)
        operation = patiently(lambda: google.get(name)) or {"done": True, "error": {"message": "it is forgotten"}}
    if "error" in operation:
        raise OperationFailed(name, described(operation["error"]))
    return dict(operation.get("response", {}))


def settle(google: Google, resource: str, seconds: float, say: Say) -> None:
    """Wait for the end, good or bad, of what was begun at a resource: an earlier run that was killed may have.

    Raises:
        StillRunning: it goes on for longer.
    """
    for operation in list(_running(google, resource)):
        say(f"waiting for what was begun at {resource.rpartition('/')[2]} before")
        with suppress(OperationFailed):
            finish(google, operation, seconds, say)


def _running(google: Google, resource: str) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {"pageSize": 100}
    while page := google.get(f"{resource}/operations", query):
        yield from (each for each in page.get("operations", []) if not each.get("done"))
        if not page.get("nextPageToken"):
            return
        query["pageToken"] = page["nextPageToken"]


def _kind(operation: Mapping[str, Any]) -> str:
    """What an operation does, like `DeployModel`."""
    kind = str(operation.get("metadata", {}).get("@type", "")).rpartition(".")[2]
    return kind.removesuffix("OperationMetadata") or "the operation"
