"""One cluster for all who want one at the same time, such as the workers of a test run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .control_plane import ControlPlane
from .locks import alone, locked, share, unshare
from .real_node import release


@contextmanager
def shared(folder: Path) -> Iterator[ControlPlane]:
    """The cluster of a folder: the first user starts it, the last one stops it.

    Users are counted by their shares of a lock. Those who were killed no longer have one, so that the next user finds
    nobody, stops what they left, and starts afresh.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock, state = folder / "lock", folder / "state"
    with (folder / "users").open("a") as users:
        with locked(lock):
            if alone(users):
                stop(ControlPlane(state))
                ControlPlane.start(state)
            share(users)
        try:
            yield ControlPlane(state)
        finally:
            with locked(lock):
                if alone(users):
                    stop(ControlPlane(state))
                unshare(users)


def stop(cluster: ControlPlane) -> None:
    """Stop a cluster and its real node, if it has one."""
    release(cluster)
    cluster.stop()
