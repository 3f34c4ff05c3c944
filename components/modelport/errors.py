class ModelportError(Exception):
    """What went wrong, where, and what to do next, in words for the person at the terminal.

    Attributes:
        exit_code: what the command line answers with (0 ok, 1 failed, 2 wrong usage or config, 3 policy, 4 refused).
    """

    exit_code = 1
