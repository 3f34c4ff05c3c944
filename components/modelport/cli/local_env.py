"""`.modelport/env`: where the state and the passphrase of a stack on this machine are, unless the environment says."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(".modelport")
FILE = FOLDER / "env"
PASSPHRASE = FOLDER / "passphrase"
VARIABLES = {
    "PULUMI_BACKEND_URL": ("PULUMI_BACKEND_URL",),
    "PULUMI_CONFIG_PASSPHRASE_FILE": ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"),
}
"""What the file may set, and the variables any of which makes its line void."""


def read_local_env(root: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a command in the project: the given one, completed by `.modelport/env`."""
    file = root / FILE
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    given = {name: value.replace("$ROOT", str(root)) for name, value in pairs if name in VARIABLES}
    return {
        **{name: value for name, value in given.items() if not any(environment.get(v) for v in VARIABLES[name])},
        **environment,
    }


def ensure_local_env(root: Path) -> None:
    """Write `.modelport/env` and a random passphrase, unless they are there. Both are for this machine only."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "state").mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    passphrase = root / PASSPHRASE
    if not passphrase.exists():
        descriptor = os.open(passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    if not (root / FILE).exists():
        text = f"PULUMI_BACKEND_URL=file://$ROOT/{FOLDER / 'state'}\nPULUMI_CONFIG_PASSPHRASE_FILE=$ROOT/{PASSPHRASE}\n"
        (root / FILE).write_text(text, encoding="utf-8")
