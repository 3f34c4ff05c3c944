"""A model server on this machine as a resource."""

from .server import LocalServer

__all__ = ["LocalServer"]
