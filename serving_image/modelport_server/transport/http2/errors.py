from __future__ import annotations

from enum import IntEnum

from modelport_server.errors import ServerError


class Code(IntEnum):
    """Why a stream or a connection ends (RFC 9113, 7)."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    SETTINGS_TIMEOUT = 4
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    CONNECT_ERROR = 10
    ENHANCE_YOUR_CALM = 11


class Broken(ServerError):
    """A client does what HTTP/2 does not allow, or too much of what it does.

    Attributes:
        code: which rule it is.
    """

    def __init__(self, code: Code, message: str):
        super().__init__(message)
        self.code = code


class ConnectionBroken(Broken):
    """Nothing can go on between it and us."""


class StreamBroken(Broken):
    """One stream ends, the others go on."""
