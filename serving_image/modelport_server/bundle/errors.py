from pathlib import Path

from modelport_server.errors import ServerError


class BundleError(ServerError):
    """A model or a bundle that cannot be used.

    Attributes:
        where: the file, folder or address at fault.
        problem: what is wrong with it.
        remedy: what to do next.
    """

    exit_code = 3

    def __init__(self, where: Path | str, problem: str, remedy: str):
        super().__init__(f"{where}\n  {problem}\n  {remedy}")
        self.where, self.problem, self.remedy = where, problem, remedy
