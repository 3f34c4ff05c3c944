"""The Pulumi program that is running."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi
from pulumi.runtime import config, get_root_directory

from modelport.errors import ModelportError
from modelport.spec import Environment

PROJECT_FILE = "Pulumi.yaml"


@contextmanager
def run_errors() -> Iterator[None]:
    """Our errors end the program with their text alone, the same under every engine."""
    try:
        yield
    except ModelportError as error:
        raise pulumi.RunError(str(error)) from error


def project_root() -> Path:
    """The folder of Pulumi.yaml; the current one where there is none."""
    root = get_root_directory()
    if root and Path(root).is_absolute():  # where no engine has set it, the SDK gives None or a word
        return Path(root)
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / PROJECT_FILE).exists()), here)


def running_environment() -> Environment:
    """The environment that the running stack's config describes.

    Raises:
        ConfigError: everything that is wrong with its `modelport:` keys.
    """
    given = {**config.get_config_env(), **config.CONFIG.get()}
    secret = [key for key in given if config.is_config_secret(key)] + config.get_config_secret_keys_env()
    return Environment.from_config(given, stack=pulumi.get_stack(), project=pulumi.get_project(), secret=secret)
