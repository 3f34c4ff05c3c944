from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi

from modelport.providers import package
from modelport.providers.crud import Crud


class Provider(pulumi.ProviderResource):
    """An explicit provider of our own resources, for `ResourceOptions(providers=[...])`. It has no options."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__(package.NAME, name, {}, of_plugin(opts))


class OwnResource(pulumi.CustomResource):
    """A resource that our own plugin provides; `props` are its inputs.

    Attributes:
        crud: what the plugin does with it.
        inputs: names of its inputs.
    """

    crud: ClassVar[type[Crud]]
    inputs: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        cls.inputs = cls.crud.inputs

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None):
        super().__init__(self.crud.kind, name, {**dict.fromkeys(self.crud.outputs), **props}, of_plugin(opts))


def of_plugin(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a resource that our own plugin provides."""
    plugin = pulumi.ResourceOptions(version=package.VERSION, plugin_download_url=package.DOWNLOAD_URL)
    return pulumi.ResourceOptions.merge(plugin, opts)
