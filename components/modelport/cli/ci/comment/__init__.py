"""The comment of a pull request, on the platform where that is."""
