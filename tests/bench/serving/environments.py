"""An environment of its own for each peer, from its lock; kept in .bench, or where MODELPORT_BENCH says."""

import os
import subprocess
import sys
from pathlib import Path

from support import environments
from support.environments import Absent

ROOT = Path(__file__).resolve().parents[3]
PEERS = Path(__file__).parent / "peers"
HOME = Path(os.environ.get("MODELPORT_BENCH") or ROOT / ".bench").resolve()
DISTRIBUTION = {"asgi": "uvicorn", "pytriton": "nvidia-pytriton", "azureml": "azureml-inference-server-http"}
SYSTEM = "/usr/bin/python3"
EMBEDDING = {"pytriton"}  # they load libpython where the loader finds it, so they need the interpreter of the system
LIBRARY = "import ctypes, sys; ctypes.CDLL('libpython%d.%d.so.1.0' % sys.version_info[:2])"


def interpreter(peer: str) -> Path:
    """The Python of the peer's environment, made unless it is there and of the present lock.

    Raises:
        Absent: it cannot be installed.
    """
    return environments.interpreter(PEERS / peer / "requirements.txt", HOME / peer, _base(peer))


def version(peer: str) -> str:
    """Which version of it the lock names."""
    start, lock = f"{DISTRIBUTION.get(peer, peer)}==", PEERS / peer / "requirements.txt"
    pin = next(line for line in lock.read_text().splitlines() if line.startswith(start))
    return pin.removeprefix(start).split()[0]


def _base(peer: str) -> str:
    """The interpreter to make its environment of."""
    if peer not in EMBEDDING:
        return sys.executable
    if not Path(SYSTEM).exists() or subprocess.run([SYSTEM, "-c", LIBRARY], capture_output=True).returncode:
        raise Absent(f"it needs {SYSTEM} and its libpython (on Debian: apt-get install python3 libpython3-dev)")
    return SYSTEM
