"""Every static check in one go: all of them run, all failures are shown."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = {
    "style": [BIN / "ruff", "check", "--quiet"],
    "format": [BIN / "ruff", "format", "--check", "--quiet"],
    "types": [BIN / "mypy", "--no-error-summary"],
    "import contracts": [BIN / "lint-imports", "--no-cache"],
    "generated files": [sys.executable, Path(__file__).with_name("generate.py"), "--check"],
}


def failed(name: str, command: list[object]) -> bool:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    print(f"{name:<18} {'failed' if result.returncode else 'ok'}", flush=True)
    if result.returncode:
        print(result.stdout + result.stderr)
    return result.returncode != 0


if __name__ == "__main__":
    raise SystemExit(1 if [name for name, command in CHECKS.items() if failed(name, command)] else 0)
