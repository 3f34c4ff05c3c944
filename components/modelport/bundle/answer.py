from typing import Any

from modelport_server.bundle import Bundle

from .errors import surfaced


def difference(bundle: Bundle, outputs: list[dict[str, Any]]) -> str | None:
    """Where the answer to a bundle's sample leaves the tolerance of the recorded one; None where they agree.

    Args:
        outputs: of a V2 infer response.

    Raises:
        BundleError: the recorded answer is malformed.
    """
    with surfaced():
        from modelport_server.bundle import reference  # which needs more than who deploys may have

        return reference.difference(bundle, outputs)
