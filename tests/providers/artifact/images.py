"""Images for tests, as OCI layouts."""

import hashlib
import json
import random
from pathlib import Path

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


class Layout:
    """A layout to fill; `digest` is that of its image."""

    def __init__(self, path: Path):
        self.path = path
        (path / "blobs" / "sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        self.digest = ""

    def blob(self, content: bytes, media_type: str, **more) -> dict:
        name = hashlib.sha256(content).hexdigest()
        (self.path / "blobs" / "sha256" / name).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content), **more}

    def image(self, layers, architecture="amd64", kind=OCI) -> dict:
        config = json.dumps({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []}})
        docker = kind == DOCKER
        config_kind = f"application/vnd.{'docker.container.image' if docker else 'oci.image.config'}.v1+json"
        layer_kind = (
            f"application/vnd.{'docker.image.rootfs.diff.tar.gzip' if docker else 'oci.image.layer.v1.tar+gzip'}"
        )
        said = {"schemaVersion": 2, "mediaType": kind, "config": self.blob(config.encode(), config_kind)}
        said["layers"] = [each if isinstance(each, dict) else self.blob(each, layer_kind) for each in layers]
        return self.keep(said, platform={"os": "linux", "architecture": architecture})

    def index(self, *images, kind=INDEX) -> dict:
        return self.keep({"schemaVersion": 2, "mediaType": kind, "manifests": list(images)})

    def keep(self, said, **more) -> dict:
        made = self.blob(json.dumps(said).encode(), said["mediaType"], **more)
        self.digest = made["digest"]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [made]}
        (self.path / "index.json").write_text(json.dumps(index))
        return made

    def damage(self, digest: str) -> None:
        file = self.path / "blobs" / "sha256" / digest.removeprefix("sha256:")
        file.write_bytes(file.read_bytes()[:-1] + b"?")


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def of_two_platforms(path: Path) -> Layout:
    layout = Layout(path)
    shared = noise(1000)
    layout.index(layout.image([shared, noise(20 << 20)]), layout.image([shared, noise(3000, 3)], "arm64"))
    return layout
