"""The plugin that engines start: our own resources and components over gRPC."""


def main() -> None:
    """Serve until the engine is done with it."""
    from modelport.plugin.serve import serve

    serve()


__all__ = ["main"]
