"""What the engine says when it cannot go on."""


class EngineError(Exception):
    """Base of every error of the engine: the message says what, where, and what to do next."""

    exit_code = 1
