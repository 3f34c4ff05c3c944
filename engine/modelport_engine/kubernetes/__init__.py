"""The built-in provider of the package ``kubernetes``, for where Pulumi's own plugin is not installed."""
