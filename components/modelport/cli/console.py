"""Where a command speaks: results on standard output, everything else on standard error."""

from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """A line of plain text on standard output; brackets in it are only brackets."""
    out.print(text, markup=False)


def tell(text: str) -> None:
    """A line of plain text on standard error."""
    err.print(text, markup=False)
