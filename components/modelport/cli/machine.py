"""What a project needs on this machine and git does not carry: made by `init`, mended by `doctor --fix`."""

import sys
from pathlib import Path

from .local_env import FOLDER, ensure_local_env

VENV, PLUGIN = FOLDER / "venv", FOLDER / "plugin"
PLUGIN_FILES = {
    "PulumiPlugin.yaml": ("runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: ../venv\n"),
    "__main__.py": "from modelport.plugin import main\n\nmain()\n",
}


def ensure_machine(root: Path) -> None:
    """Make what is missing of `.modelport/`: state and passphrase, the link to this Python, the plugin folder.

    The link lets `pulumi` find our Python with nothing activated; one that leads nowhere, or elsewhere, is made anew.
    """
    ensure_local_env(root)
    link = root / VENV
    if not link.exists() or (link.is_symlink() and link.resolve() != Path(sys.prefix).resolve()):
        link.unlink(missing_ok=True)
        link.symlink_to(sys.prefix, target_is_directory=True)
    plugin = root / PLUGIN
    plugin.mkdir(exist_ok=True)
    for name, text in PLUGIN_FILES.items():
        (plugin / name).write_text(text, encoding="utf-8")
