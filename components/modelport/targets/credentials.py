"""Who a stack is to its cloud."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pulumi

from modelport.spec import ConfigError, Problem


def check_credentials(package: str, keys: Mapping[str, str], hint: str) -> None:
    """Refuse a stack whose provider is somebody else than our resources, which the cloud's own library lets in.

    These would look for the bucket, or write into the registry, of another account.

    Args:
        package: of the provider, `aws`.
        keys: what in a stack's config makes the provider somebody else, each with the variable by which the library
            may be the same, or "".
        hint: what to do in place of it.

    Raises:
        ConfigError: the stack's config gives the provider credentials.
    """
    config = pulumi.Config(package)
    given = [key for key in keys if config.get_secret(key) is not None]
    apart = [key for key in given if not keys[key] or config.get(key) != os.environ.get(keys[key])]
    problem = "only Pulumi's provider would use it, and models be uploaded and registered as somebody else."
    if apart:
        raise ConfigError(Problem(problem, path=f"{package}:{key}", hint=hint) for key in apart)
