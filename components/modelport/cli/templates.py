from pathlib import Path

INSTALLED = Path(__file__).parents[1] / "templates"
REPOSITORY = Path(__file__).parents[3] / "stacks" / "templates"


def template(target: str) -> Path | None:
    """The folder of a target's project template, or None while there is none."""
    folder = (INSTALLED if INSTALLED.exists() else REPOSITORY) / target
    return folder if folder.is_dir() else None
