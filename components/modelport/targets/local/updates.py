"""What changes of a service on this machine are to its callers."""

from __future__ import annotations

from collections.abc import Sequence

from modelport.plan.change import REVERT, Change, Effect, of_type

SERVER = "modelport:local:Server"


def effect(changes: Sequence[Change]) -> Effect:
    """Only the server's own changes matter to callers."""
    servers = of_type(changes, SERVER)
    if not servers:
        return Effect("no", "the server goes on as it is", REVERT)
    return EFFECTS[servers[0].kind]


GONE = Effect("yes", "the server stops", f"{REVERT}: a new server starts, at another address unless a port is set")
EFFECTS = {
    "create": Effect("no", "a server starts", "run destroy, or take the service out of the stack"),
    "in place": Effect("no", "a successor takes over the socket when it is ready; then the server drains", REVERT),
    "may replace": Effect("maybe", "the server may stop before another starts", REVERT),
    "replaces": Effect("yes", "another server starts in another place, and this one stops", REVERT),
    "delete": GONE,
}
