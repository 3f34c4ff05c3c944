from __future__ import annotations

import argparse
from pathlib import Path

from modelport_server.access.guard import Guard
from modelport_server.errors import ServerError


class UnusableOptions(ServerError):
    """What is given about tokens does not belong together, or the extra for it is absent."""

    exit_code = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags about who may ask."""
    group = parser.add_argument_group("access", "who may ask; without these flags, everybody who can reach the port")
    group.add_argument("--token-file", type=Path, help="a file with bearer tokens, one a line")
    group.add_argument("--jwt-keys", help="the JWKS of an issuer of JSON Web Tokens: an https address, or a file")
    group.add_argument("--jwt-issuer", help="what such a token must say in iss")
    group.add_argument("--jwt-audience", help="what such a token must say in aud")


def guard_of(options: argparse.Namespace) -> Guard | None:
    """Who lets requests in; None: everybody may ask.

    Raises:
        ServerError: the flags, the file or the keys cannot be used.
    """
    from modelport_server.access.tokens import Tokens

    tokens = Tokens(options.token_file) if options.token_file else None
    jwt = {name: getattr(options, f"jwt_{name}") for name in ("keys", "issuer", "audience")}
    if not any(jwt.values()):
        return Guard(tokens, None) if tokens else None
    if missing := [f"--jwt-{name}" for name, value in jwt.items() if not value]:
        raise UnusableOptions(f"JSON Web Tokens\n  {' and '.join(missing)} is missing.\n  Give all three, or none.")
    try:
        from modelport_server.access.jwt import Issuer, Terms
    except ModuleNotFoundError as error:
        remedy = "Install the extra: pip install 'modelport-server[jwt]'."
        raise UnusableOptions(f"JSON Web Tokens\n  need {error.name}, which is not here.\n  {remedy}") from error
    return Guard(tokens, Issuer(Terms(**jwt)))
