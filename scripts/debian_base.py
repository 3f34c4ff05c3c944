"""Base images from Debian packages, where no registry is at hand: `python scripts/debian_base.py FOLDER`.

Two archives of root file systems. build.tar has Python, venv and a shell. base.tar is the same without all that a
running Python does not need: no shell, no package manager, no perl; dpkg's record names what is left.
"""

from __future__ import annotations

import copy
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from container_engine import Failed

SUITE = "bookworm"
RUN = ("python3", "libstdc++6", "ca-certificates", "tzdata", "netbase", "base-files")
BUILD = ("python3-venv",)
NOT_FOLLOWED = {"debconf", "dpkg", "openssl", "perl", "perl-base", "debianutils", "awk", "mawk", "bash", "dash"}
STATUS = "var/lib/dpkg/status"
DOCUMENTS = re.compile(
    r"(usr/share/(man|info|locale|lintian|perl5|pixmaps)|var/cache|var/log|var/lib/apt)/.|usr/share/doc/.+/(?!copyright$)"
)
INFO = re.compile(r"var/lib/dpkg/info/([^:]+?)(:\w+)?\.[a-z0-9]+")


def debian_base(folder: Path, epoch: int, note: Callable[[str], None]) -> tuple[Path, Path]:
    """Make both archives in `folder`; gives those of the base and of what builds on it.

    Args:
        folder: is there.
        epoch: the time of files that are generated, in seconds since 1970.
        note: is told what goes on.

    Raises:
        Failed: mmdebstrap is not installed, or it fails.
    """
    if not shutil.which("mmdebstrap"):
        raise Failed(
            "There is no BASE_IMAGE, and no mmdebstrap to make one from Debian packages.\n"
            "  Give BASE_IMAGE=NAME@sha256:..., such as python:3.13-slim by its digest, or install mmdebstrap."
        )
    note(f"making a base from Debian {SUITE}'s packages")
    build, base = folder / "build.tar", folder / "base.tar"
    command = ["mmdebstrap", "--quiet", "--variant=essential", f"--include={','.join(RUN + BUILD)}", SUITE, str(build)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"mmdebstrap ended with {done.returncode}:\n  {done.stderr.strip()[-2000:]}")
    reduce(build, base)
    return base, build


def reduce(full: Path, base: Path) -> None:
    """Write `base`: the archive `full` without the packages that nothing in RUN needs, and without documents."""
    with tarfile.open(full) as source:
        names = {_plain(member.name): member for member in source.getmembers()}
        stanzas = _stanzas(_text(source, names[STATUS]))
        kept = closure(RUN, stanzas)
        owners = {name: _owned(source, names, name) for name in stanzas}
        dropped = set().union(*(owners[name] for name in stanzas if name not in kept))
        dropped -= set().union(*(owners[name] for name in kept))
        status = "\n\n".join(stanzas[name] for name in sorted(kept)) + "\n"
        with tarfile.open(base, "w", format=tarfile.PAX_FORMAT) as target:
            for name, member in names.items():
                if name == STATUS:
                    _add(target, member, status.encode())
                elif member.isdir() or not (name in dropped or _unused(name, kept)):
                    target.addfile(member, source.extractfile(member) if member.isreg() else None)


def closure(roots: Iterable[str], stanzas: dict[str, str]) -> set[str]:
    """The packages that `roots` need, all but those that only maintainer scripts use."""
    provided = {other: name for name, text in stanzas.items() for other in _names(text, "Provides")}
    waiting, found = list(roots), set()
    while waiting:
        name = waiting.pop()
        name = name if name in stanzas else provided.get(name, name)
        if name in found or name in NOT_FOLLOWED or name not in stanzas:
            continue
        found.add(name)
        waiting += _names(stanzas[name], "Depends") + _names(stanzas[name], "Pre-Depends")
    return found


def _stanzas(status: str) -> dict[str, str]:
    found = {stanza.split("\n", 1)[0].removeprefix("Package: "): stanza for stanza in status.strip().split("\n\n")}
    return {name: stanza for name, stanza in found.items() if "Status: install ok installed" in stanza}


def _names(stanza: str, field: str) -> list[str]:
    """The packages that a field names; of alternatives, all."""
    line = re.search(rf"^{field}: (.*)$", stanza, re.MULTILINE)
    return re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", line[1]) if line else []


def _owned(source: tarfile.TarFile, names: dict[str, tarfile.TarInfo], package: str) -> set[str]:
    lists = [f"var/lib/dpkg/info/{package}.list", f"var/lib/dpkg/info/{package}:amd64.list"]
    return {_plain(line) for name in lists if name in names for line in _text(source, names[name]).splitlines()}


def _unused(name: str, kept: set[str]) -> bool:
    """Documents, and what dpkg knows of packages that are not kept."""
    info = INFO.fullmatch(name)
    return bool(DOCUMENTS.match(name)) or bool(info and info[1] not in kept)


def _plain(path: str) -> str:
    """A path as the archive has it: /bin, /lib and so on are links into /usr."""
    path = path.removeprefix(".").strip("/")
    return re.sub(r"^(bin|sbin|lib|lib64)/", r"usr/\1/", path)


def _text(source: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = source.extractfile(member)
    return file.read().decode() if file else ""


def _add(target: tarfile.TarFile, member: tarfile.TarInfo, content: bytes) -> None:
    member = copy.copy(member)
    member.size = len(content)
    target.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    try:
        made = debian_base(Path(sys.argv[1]), int(time.time()), lambda text: print(text, file=sys.stderr))
    except Failed as failure:
        sys.exit(f"{failure}")
    print(*made, sep="\n")
