"""`.modelport/env`: where the state and the passphrase of a stack on this machine are, unless the environment says."""

import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(".modelport")
FILE = FOLDER / "env"
BACKEND, PASSPHRASE_FILE = "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"
OURS = (BACKEND, "PULUMI_CONFIG_PASSPHRASE", PASSPHRASE_FILE)


def read_local_env(root: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a command in the project: `.modelport/env` counts where the given one has none of `OURS`."""
    file = root / FILE
    if any(name in environment for name in OURS) or not file.exists():
        return dict(environment)
    pairs = (line.split("=", 1) for line in file.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {**environment, **{name: value for name, value in pairs if name in OURS}}


def ensure_local_env(root: Path) -> None:
    """Write `.modelport/env` and a random passphrase, unless they are there. Both are for this machine only."""
    root = root.absolute()
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "state").mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        import secrets

        descriptor = os.open(passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    if not (root / FILE).exists():
        text = f"{BACKEND}={(folder / 'state').as_uri()}\n{PASSPHRASE_FILE}={passphrase}\n"
        (root / FILE).write_text(text, encoding="utf-8")
