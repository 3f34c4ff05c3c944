from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from modelport.bundle.transfer import SourceError

from .manifest import Descriptor


class Content:
    """The bytes of a blob, hashed as they pass. The last of them come only when all are what the digest says.

    It has a length and can be iterated again, as bodies of requests must. `tell` gets the number of bytes that passed.
    """

    def __init__(
        self, blob: Descriptor, where: str, read: Callable[[], Iterator[bytes]], tell: Callable[[int], object] = bool
    ):
        self._blob, self._where, self._read, self._tell = blob, where, read, tell

    def __len__(self) -> int:
        return self._blob.size

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in blocks.

        Raises:
            SourceError: they are others.
        """
        hashed, count, held = hashlib.sha256(), 0, b""
        for block in self._read():
            hashed.update(block)
            count += len(block)
            if count > self._blob.size:
                self._refuse(f"more than {self._blob.size} bytes")
            if held:
                yield held
                self._tell(count - len(block))
            held = block
        if (actual := f"sha256:{hashed.hexdigest()}") != self._blob.digest or count != self._blob.size:
            self._refuse(f"{count} bytes of digest {actual}")
        yield held

    def chunks(self, start: int, size: int) -> Iterator[bytes]:
        """The bytes from one on, in chunks of a size; the last may be shorter."""
        position, chunk = 0, bytearray()
        for block in self:
            chunk += block[max(0, start - position) :]
            position += len(block)
            while len(chunk) >= size:
                yield bytes(chunk[:size])
                del chunk[:size]
        if chunk:
            yield bytes(chunk)

    def _refuse(self, what: str) -> None:
        problem = f"gives {what} for {self._blob.digest}, which has {self._blob.size} bytes."
        raise SourceError(self._where, problem, "Nothing of it was kept. Build it again, or look who changed it.")
