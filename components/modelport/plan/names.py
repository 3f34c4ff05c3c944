from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

HASH_LENGTH = 8
PLAIN = re.compile(r"[a-z0-9]+")
HASH = re.compile(rf"[0-9a-f]{{{HASH_LENGTH}}}")


@dataclass(frozen=True)
class Names:
    """The names that the resources of one service in one stack have on their platform.

    Attributes:
        max_length: of a name, in characters, unless a kind of resource has a limit of its own.
    """

    service: str
    stack: str
    max_length: int

    def of(self, *parts: str, max_length: int | None = None) -> str:
        """The name of the service's resource that `parts` tell from its others, always the same for the same parts."""
        return unique_name(self.service, self.stack, *parts, max_length=max_length or self.max_length)


def unique_name(*parts: str, max_length: int) -> str:
    """The parts joined by dashes, in the characters that every platform takes: a-z, 0-9 and single dashes.

    A short hash of the parts ends the name where the joined parts are too long, hold other characters, or could be read
    as other parts (`a-b` + `c` and `a` + `b-c`), so that different parts never get the same name.

    Args:
        parts: what the name consists of; the first starts with a letter a-z.
        max_length: of the name, in characters.
    """
    joined = "-".join(parts)
    unmistakable = all(PLAIN.fullmatch(part) for part in parts) and not HASH.fullmatch(parts[-1])
    if unmistakable and len(joined) <= max_length:
        return joined
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:HASH_LENGTH]
    readable = re.sub(r"[^a-z0-9]+", "-", joined.lower())[: max_length - HASH_LENGTH - 1]
    return f"{readable.strip('-')}-{digest}"
