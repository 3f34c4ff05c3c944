"""Where services run. A target is a folder and a line in `NAMES`; it is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module

from modelport.errors import ModelportError
from modelport.plan import Target
from modelport.spec import did_you_mean

NAMES = ("local", "kubernetes", "sagemaker", "vertex", "azureml")


class UnknownTarget(ModelportError):
    """There is no target of that name."""

    exit_code = 2


def load(name: str) -> Target:
    """What the plan has to know of the target `name`. Imports neither Pulumi nor a cloud SDK.

    Raises:
        UnknownTarget: there is none of that name.
    """
    if name not in NAMES:
        raise UnknownTarget(f"{name}\n  unknown target. {did_you_mean(name, NAMES)}")
    target: Target = import_module(f"{__name__}.{name}").TARGET
    return target
