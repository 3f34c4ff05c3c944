"""Resource classes of Pulumi's SDKs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import Any, ClassVar

import pulumi
from pydantic.alias_generators import to_camel

from modelport.errors import ModelportError


@dataclass(frozen=True)
class Kind:
    """A class of one of Pulumi's SDKs, which is imported when it is first used.

    Attributes:
        of: its place in the SDK, like `apps.v1:Deployment`.
        SDK: the package.
        CONSTANT: parameters that say the same of every resource of the class.
    """

    SDK: ClassVar[str]
    CONSTANT: ClassVar[frozenset[str]] = frozenset()

    of: str

    @property
    def inputs(self) -> Mapping[str, str]:
        """Its inputs by the names that Pulumi's schema has for them, with the names of the parameters."""
        given = inspect.signature(self._sdk_class()._internal_init).parameters  # __init__ is overloaded
        own = {"__self__", "resource_name", "opts", "__props__", *self.CONSTANT}
        return {to_camel(name): name for name in given if name not in own}

    def __call__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.CustomResource:
        """A resource of this class, from inputs by the names of Pulumi's schema."""
        parameters = self.inputs
        given = {parameters[key]: value for key, value in inputs.items()}
        made: pulumi.CustomResource = self._sdk_class()(name, opts=opts, **given)
        return made

    def _sdk_class(self) -> Any:
        return resolve_name(f"{self.SDK}.{self.of}")


def require_sdk(package: str, extra: str) -> None:
    """Raise ModelportError unless an SDK, which an extra of modelport brings, is installed."""
    if find_spec(package) is None:
        remedy = f"Install it: pip install 'modelport[{extra}]'"
        raise ModelportError(f"{extra}\n  needs {package}, which is not installed. {remedy}")
