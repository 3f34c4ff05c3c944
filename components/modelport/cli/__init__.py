def main() -> None:
    """The console script `modelport`."""
    from .app import run

    raise SystemExit(run())
