from pathlib import Path

from modelport.bundle.errors import surfaced
from modelport_server import bundle
from modelport_server.bundle import Bundle


def load(path: Path) -> Bundle:
    """The bundle in the folder `path`; `modelport_server.bundle.verify` would also hash its files.

    Raises:
        BundleError: it is none, or of another format.
    """
    with surfaced():
        return bundle.load(path)
