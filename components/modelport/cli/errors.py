from modelport.errors import ModelportError

OK, FAILED, USAGE, POLICY, REFUSED = range(5)
"""What `modelport` exits with."""


class UsageError(ModelportError):
    """The command cannot be meant as it was given."""

    exit_code = USAGE
