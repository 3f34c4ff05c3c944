"""What `modelport policies new` writes."""

from pathlib import Path


def files() -> list[Path]:
    """The rule and its tests, each a file that works as it is."""
    return [Path(__file__).with_name(name) for name in ("rules.py", "test_rules.py")]
