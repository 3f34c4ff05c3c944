"""What every store can do, and how it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

from modelport_server.bundle.errors import BundleError

LOOK = "Look at the address, and whether this identity may read it."


class SourceError(BundleError):
    """A source that gives no model."""


class Missing(SourceError):
    """There is no such file."""


class Forbidden(SourceError):
    """It may not be read. A store says so also of what is not there, to whom it does not list its files."""


class Interrupted(Exception):
    """The transfer broke off, and may go on from where it was.

    Attributes:
        after: seconds that the store wants to be left alone.
    """

    def __init__(self, reason: str, after: float = 0):
        super().__init__(reason)
        self.after = after


class Store(Protocol):
    """Files below one address.

    Attributes:
        archive: the path of the one file that holds them all, or None where they are files of their own.
        sha256: what that file must be, where the store says so.
    """

    archive: str | None
    sha256: str | None

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """A file from a byte on; "" is the address itself.

        Raises:
            Missing: there is no such file.
            Forbidden: it may not be read.
            SourceError: it cannot be had.
            Interrupted: the transfer broke off.
        """


def needed(module: str, scheme: str) -> Any:
    """A library of an extra.

    Raises:
        SourceError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        problem = f"a source of kind {scheme} needs {module.partition('.')[0]}, which is not installed."
        raise SourceError(f"{scheme}://", problem, f"Install modelport-server[{scheme}].") from error
