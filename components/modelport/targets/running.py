"""The Pulumi program that is running."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config, get_root_directory
from ruamel.yaml import YAML

from modelport.errors import ModelportError
from modelport.spec import ConfigError, Environment, Problem, load_environment

PROJECT_FILE = "Pulumi.yaml"


@contextmanager
def run_errors() -> Iterator[None]:
    """Our errors end the program with their text alone, the same under every engine."""
    try:
        yield
    except ModelportError as error:
        raise pulumi.RunError(str(error)) from error


def check_providers(needed: Mapping[str, str], opts: pulumi.ResourceOptions | None) -> None:
    """Refuse to let a provider guess where it works.

    Args:
        needed: the key of each package that a stack's config must have, unless the program gives a provider.
        opts: those of a component.

    Raises:
        ConfigError: a key is missing, and no provider of its package is given.
    """
    missing = {
        package: key
        for package, key in needed.items()
        if not pulumi.Config(package).get(key) and package not in _given_packages(opts)
    }
    if missing:
        raise ConfigError(
            Problem(
                "required, but missing: without it the provider would take what it finds on this machine.",
                path=f"{package}:{key}",
                hint=f"Set it: pulumi config set {package}:{key} NAME, or give the component a provider.",
            )
            for package, key in missing.items()
        )


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
        ConfigError: everything that is wrong with its `modelport:` keys, by the lines of the stack file where it is.
    """
    given = {**config.get_config_env(), **config.CONFIG.get()}
    secret = [key for key in given if config.is_config_secret(key)] + config.get_config_secret_keys_env()
    try:
        return Environment.from_config(given, stack=pulumi.get_stack(), project=pulumi.get_project(), secret=secret)
    except ConfigError as error:
        raise _located(error) from None


def _given_packages(opts: pulumi.ResourceOptions | None) -> set[str]:
    """The packages that a component's options, or its parents, have an explicit provider of."""
    if opts is None:
        return set()
    several = opts.providers or []
    listed = several.values() if isinstance(several, Mapping) else [several] if _is_one(several) else several
    inherited = opts.parent._providers if opts.parent else {}
    return {each.package for each in (opts.provider, *listed) if each} | set(inherited)


def _is_one(providers: Any) -> bool:
    return isinstance(providers, pulumi.ProviderResource)


def _located(error: ConfigError) -> ConfigError:
    """What is wrong with the stack's config, as its file has it: an engine passes on values without their places."""
    project = project_root() / PROJECT_FILE
    folder = (YAML(typ="safe").load(project) or {}).get("stackConfigDir", "") if project.exists() else ""
    file = project.parent / folder / f"Pulumi.{pulumi.get_stack()}.yaml"
    try:
        if file.exists():
            load_environment(file, project=pulumi.get_project())
    except ConfigError as located:
        return located
    return error
