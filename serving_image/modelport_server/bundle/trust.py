from __future__ import annotations

from dataclasses import dataclass

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.manifest import Bundle


@dataclass(frozen=True)
class Trust:
    """What a bundle must be to be served.

    Attributes:
        digests: one of these; any where there are none.
        public_key: signed with the private one of this, in PEM; by anybody or nobody where it is None.
    """

    digests: tuple[str, ...] = ()
    public_key: bytes | None = None

    def check(self, bundle: Bundle) -> None:
        """Refuse what is not trusted; for a bundle whose files are those of its digest.

        Raises:
            BundleError: its digest or its signature is another one.
        """
        wanted = {f"sha256:{digest.removeprefix('sha256:').lower()}" for digest in self.digests}
        if wanted and bundle.digest not in wanted:
            problem = f"has digest {bundle.digest}, wanted is {' or '.join(sorted(wanted))}."
            raise BundleError(bundle.path, problem, "Serve the right one, or correct --digest.")
        if self.public_key is not None:
            from modelport_server.bundle.signature import check

            check(bundle.path, self.public_key)
