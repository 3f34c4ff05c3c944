"""Images as archives of OCI layouts."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from . import BedError

OCI = "application/vnd.oci.image"
USER = "65532:65532"


def image_of(program: Path) -> bytes:
    """An image that runs a static program as a user without rights."""
    layer = _archive({program.name: program.read_bytes()})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": [f"/{program.name}"], "User": USER},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    blobs = [layer, json.dumps(config).encode()]
    described = [_descriptor("layer.v1.tar", layer), _descriptor("config.v1+json", blobs[1])]
    manifest = {"schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json"}
    blobs.append(json.dumps({**manifest, "config": described[1], "layers": described[:1]}).encode())
    index = {"schemaVersion": 2, "manifests": [_descriptor("manifest.v1+json", blobs[2])]}
    files = {f"blobs/{_digest(blob).replace(':', '/')}": blob for blob in blobs}
    about = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode()}
    return _archive({**about, **files})


def image_digest(archive: IO[bytes]) -> str:
    """The digest of the only image of an OCI layout's archive."""
    with tarfile.open(fileobj=archive) as tar:
        name = next((name for name in tar.getnames() if name.removeprefix("./") == "index.json"), None)
        index = name and tar.extractfile(name)
        if not index:
            raise BedError("The archive is no OCI layout.\n  Use podman save --format oci-archive, or docker 25.")
        (manifest,) = json.load(index)["manifests"]
        return manifest["digest"]


def _descriptor(kind: str, blob: bytes) -> dict[str, str | int]:
    return {"mediaType": f"{OCI}.{kind}", "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
