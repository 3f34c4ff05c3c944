"""The files by which clients find a cluster and say who they are."""

from __future__ import annotations

import base64
import json
from pathlib import Path


def write_kubeconfig(path: Path, server: str, authority: Path, user: dict[str, str]) -> Path:
    """Write a kubeconfig that carries all it needs.

    Args:
        path: the new file, which nobody else may read.
        server: the API server's address.
        authority: the certificate that the server's is held against.
        user: what `holder` or `bearer` gives.
    """
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": server, "certificate-authority-data": _encoded(authority)}}
        ],
        "users": [{"name": path.stem, "user": user}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": path.stem}}],
        "current-context": "test",
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))  # YAML takes JSON
    return path


def holder(folder: Path, name: str) -> dict[str, str]:
    """Who holds the certificate and the key NAME of a folder."""
    return {
        "client-certificate-data": _encoded(folder / f"{name}.crt"),
        "client-key-data": _encoded(folder / f"{name}.key"),
    }


def bearer(token: str) -> dict[str, str]:
    """Who shows a token."""
    return {"token": token}


def _encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
