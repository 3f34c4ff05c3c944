from __future__ import annotations

import re
from dataclasses import dataclass, replace

LAYOUT = "oci-layout:"
NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
PATTERN = re.compile(
    r"(?P<host>localhost(?::\d+)?|(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\[[0-9a-f:]+\])(?::\d+)?|[A-Za-z0-9-]+:\d+)"
    rf"/(?P<repository>{NAME}(?:/{NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Reference:
    """A repository of a registry, and perhaps one image in it."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Of `HOST/REPOSITORY[:TAG][@DIGEST]`.

        Raises:
            ValueError: it is none.
        """
        if not (found := PATTERN.fullmatch(text)):
            raise ValueError(
                "must be HOST/REPOSITORY, lower case, with :TAG or @sha256:DIGEST; docker.io is a host, too"
            )
        return cls(**{name: value or "" for name, value in found.groupdict().items()})

    @property
    def repository_only(self) -> Reference:
        """Without tag and digest."""
        return replace(self, tag="", digest="")

    def __str__(self) -> str:
        tag, digest = (f":{self.tag}" if self.tag else ""), (f"@{self.digest}" if self.digest else "")
        return f"{self.host}/{self.repository}{tag}{digest}"


def is_layout(source: str) -> bool:
    """Whether an image's source is a folder."""
    return source.startswith(("/", "./", "../", LAYOUT))
