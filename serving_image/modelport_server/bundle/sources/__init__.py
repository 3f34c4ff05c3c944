"""Where models come from: folders, files and archives, here or in a store.

Each kind of store is a module of its own, imported when a source names it; what it needs is the extra of its name.
"""

from modelport_server.bundle.sources.fetch import default_cache, fetch, is_remote, models_in

__all__ = ["default_cache", "fetch", "is_remote", "models_in"]
