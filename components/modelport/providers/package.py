"""What Pulumi knows our own resources by."""

from importlib.metadata import version

NAME = "modelport"
VERSION = version("modelport")
DOWNLOAD_URL = "https://modelport.invalid/plugin"
"""Cannot resolve: an engine that does not find the plugin says so instead of fetching something else of that name."""
