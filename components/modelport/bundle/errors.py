from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelport.errors import ModelportError
from modelport_server import bundle


class BundleError(ModelportError):
    """A model or bundle that cannot be used: where, what is wrong, what to do next."""

    def __init__(self, where: Path | str, problem: str, remedy: str):
        super().__init__(f"{where}\n  {problem}\n  {remedy}")


@contextmanager
def surfaced() -> Iterator[None]:
    """What goes wrong inside with a bundle, or with writing one, becomes a `BundleError` of this package."""
    try:
        yield
    except bundle.BundleError as error:
        raise BundleError(error.where, error.problem, error.remedy) from error
    except ModuleNotFoundError as error:
        problem = f"{error.name} is needed to build a bundle and is not installed."
        raise BundleError("bundle", problem, "Install it: pip install 'modelport[local]'") from error
    except OSError as error:
        raise BundleError(
            error.filename or "bundle", f"{error.strerror}.", "See to its space and permissions, then run again."
        ) from error
