import pulumi

from modelport.providers import package


class Provider(pulumi.ProviderResource):
    """An explicit provider of our own resources, for `ResourceOptions(providers=[...])`. It has no options."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None):
        super().__init__(package.NAME, name, {}, of_plugin(opts))


def of_plugin(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a resource that our own plugin provides."""
    plugin = pulumi.ResourceOptions(version=package.VERSION, plugin_download_url=package.DOWNLOAD_URL)
    return pulumi.ResourceOptions.merge(plugin, opts)
