class ServerError(Exception):
    """What went wrong, where, and what to do next. Base of every error of this package.

    Attributes:
        exit_code: what the process answers with when the error ends it.
    """

    exit_code = 1


class Rejected(ServerError):
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status of the answer.
    """

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
