from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, order=True)
class ModelFile:
    """A file of the model. `path` is relative to the bundle, with `/`; `size` in bytes; `sha256` in hex."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, file: Path, path: str) -> ModelFile:
        """`file` as it stands on disk, to be known in the bundle as `path`."""
        return cls(path, file.stat().st_size, sha256(file))

    def difference(self, root: Path) -> str | None:
        """How the file under `root` differs from this record, or None when it does not."""
        file = root / self.path
        if not file.is_file():
            return f"{self.path}: missing"
        if (size := file.stat().st_size) != self.size:
            return f"{self.path}: {size} bytes, recorded {self.size}"
        if (actual := sha256(file)) != self.sha256:
            return f"{self.path}: sha256 {actual}, recorded {self.sha256}"
        return None


def sha256(file: Path) -> str:
    """The hex digest of a file, read in blocks."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stays_inside(path: str) -> bool:
    """Whether a relative path with `/` names something below the folder it is relative to."""
    pure = PurePosixPath(path)
    return bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts and "\\" not in path
