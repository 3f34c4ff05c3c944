from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modelport_server.errors import Fault, Rejected

if TYPE_CHECKING:
    from modelport_server.access.jwt import Issuer
    from modelport_server.access.tokens import Tokens

SCHEME = "bearer "


class Guard:
    """Lets requests in that bear a token, or a JSON Web Token, that is good here."""

    def __init__(self, tokens: Tokens | None, issuer: Issuer | None):
        self._tokens, self._issuer = tokens, issuer

    async def admit(self, authorization: str) -> None:
        """Let a request with this `Authorization` pass.

        Raises:
            Rejected: it bears nothing that is good.
        """
        token = _token(authorization)
        if self._is_known(token):
            return
        if self._issuer is None:
            raise _refusal()
        await asyncio.get_running_loop().run_in_executor(None, self._verify, token)  # it may have to ask for keys

    def _is_known(self, token: str) -> bool:
        if self._tokens and self._tokens.hold(token):
            return True
        return bool(self._issuer and self._issuer.has_seen(token))

    def _verify(self, token: str) -> None:
        if not (self._issuer and self._issuer.verify(token)):
            raise _refusal()


def _token(authorization: str) -> str:
    if not authorization[: len(SCHEME)].lower() == SCHEME:
        raise _refusal("it needs a header Authorization: Bearer TOKEN")
    return authorization[len(SCHEME) :].strip()


def _refusal(reason: str = "the token is not good here") -> Rejected:
    return Rejected(Fault.UNAUTHENTICATED, reason)
