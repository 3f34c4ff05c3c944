from enum import Enum


class ServerError(Exception):
    """What went wrong, where, and what to do next. Base of every error of this package.

    Attributes:
        exit_code: what the process answers with when the error ends it.
    """

    exit_code = 1


class Fault(Enum):
    """What kept a request from its answer: a code for programs, the HTTP status, the name of the gRPC status."""

    MALFORMED = "malformed", 400, "INVALID_ARGUMENT"  # it cannot be read, or contradicts itself
    INVALID_INPUT = "invalid_input", 400, "INVALID_ARGUMENT"  # it can be read, and is not for this model
    UNAUTHENTICATED = "unauthenticated", 401, "UNAUTHENTICATED"
    NOT_FOUND = "not_found", 404, "NOT_FOUND"
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "UNIMPLEMENTED"
    NOT_ACCEPTABLE = "not_acceptable", 406, "INVALID_ARGUMENT"  # the answer has no such form
    TIMEOUT = "timeout", 408, "DEADLINE_EXCEEDED"  # it did not come whole
    TOO_LARGE = "too_large", 413, "RESOURCE_EXHAUSTED"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "UNIMPLEMENTED"
    HEAD_TOO_LARGE = "head_too_large", 431, "RESOURCE_EXHAUSTED"
    OVERLOADED = "overloaded", 429, "RESOURCE_EXHAUSTED"  # as much waits as may wait: try again later
    ABANDONED = "abandoned", 499, "CANCELLED"  # its client has gone: for the metrics, as nginx counts it
    INTERNAL = "internal", 500, "INTERNAL"
    NOT_READY = "not_ready", 503, "UNAVAILABLE"
    OUT_OF_MEMORY = "out_of_memory", 503, "RESOURCE_EXHAUSTED"
    LATE = "late", 504, "DEADLINE_EXCEEDED"  # nobody wants the answer any more, and the model did not run

    def __init__(self, code: str, status: int, grpc: str):
        self.code, self.status, self.grpc = code, status, grpc


class Rejected(ServerError):
    """A request that is answered with an error.

    Attributes:
        fault: which.
        retry_after: the seconds after which it may be asked again, where that is known.
    """

    def __init__(self, fault: Fault, message: str, *, retry_after: int | None = None):
        super().__init__(message)
        self.fault, self.retry_after = fault, retry_after
