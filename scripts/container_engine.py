"""The container engine of this machine: docker, podman or buildah, whichever is seen to work here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

# What may have to be said where plain commands fail; tried in this order, and the first that works is used.
# Nothing is taken from an earlier build, and nothing left for a later one: the same content gives the same digest.
BUILD_OPTIONS = {
    "docker": [("--no-cache",)],
    "podman": [("--no-cache", "--layers=false"), ("--no-cache", "--layers=false", "--isolation", "chroot")],
    "buildah": [("--no-cache", "--layers=false"), ("--no-cache", "--layers=false", "--isolation", "chroot")],
}
LOW_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")  # where limits cannot be raised
RUN_OPTIONS = {
    "docker": [((), ())],
    "podman": [((), ()), ((), LOW_LIMITS), (("--runtime", "runc"), ()), (("--runtime", "runc"), LOW_LIMITS)],
    "buildah": [],  # it runs steps of a build, and not what an image says
}
PINNED = re.compile(r".+@sha256:[0-9a-f]{64}|(sha256:)?[0-9a-f]{64}|localhost/.+")
SECONDS = 3600


class Failed(Exception):
    """What went wrong, and what to do next."""

    exit_code = 1


class NoEngine(Failed):
    """No container engine works here."""

    exit_code = 3


@dataclass(frozen=True)
class Engine:
    """A command that builds images.

    Attributes:
        name: docker, podman or buildah.
        build_options: what `build` needs here.
        run_prefix: what the command needs before `run`.
        run_options: what `run` needs here.
    """

    name: str
    build_options: tuple[str, ...] = ()
    run_prefix: tuple[str, ...] = ()
    run_options: tuple[str, ...] = ()

    def take(self, base: str) -> str:
        """An image of this machine's, or one that is pulled by digest: the name that a Dockerfile can have for it.

        Args:
            base: a reference with a digest, an image's id, `localhost/NAME`, the folder of an OCI layout, or a .tar of
                a root file system.
        """
        path = Path(base)
        if not path.exists():
            return base
        image = self._load(path) if path.is_dir() else self._import(path)
        # podman removes an image without a name along with the last one that was built on it
        run([self.name, "tag", image, f"localhost/modelport-base:{sha256(image.encode()).hexdigest()[:12]}"])
        return image

    def build(self, context: Path, *options: str, on_line: Callable[[str], None] = lambda line: None) -> str:
        """Build an image; gives its id."""
        with tempfile.NamedTemporaryFile("r") as made:
            run([self.name, "build", *self.build_options, *options, "--iidfile", made.name, str(context)], on_line)
            return Path(made.name).read_text().strip()

    def stamped(self, epoch: int) -> list[str]:
        """Options by which files and image are of that time (seconds since 1970), so that a build can be repeated."""
        if self.name == "docker":
            return ["--build-arg", f"SOURCE_DATE_EPOCH={epoch}", "--provenance=false"]
        return ["--timestamp", str(epoch), "--build-arg", f"SOURCE_DATE_EPOCH={epoch}"]

    def save(self, image: str, layout: Path) -> None:
        """Write an image as an OCI layout: a new folder."""
        with tempfile.TemporaryDirectory(dir=layout.parent) as folder:
            archive = Path(folder, "image.tar")
            if self.name == "docker":
                run(["docker", "save", "--output", str(archive), image])
            else:
                run([self.name, "push", "--quiet", "--format", "oci", image, f"oci-archive:{archive}"])
            with tarfile.open(archive) as file:
                file.extractall(Path(folder, "layout"), filter="data")
            if not Path(folder, "layout", "oci-layout").exists():
                raise Failed("docker save wrote no OCI layout.\n  Use docker 25 or newer, podman or buildah.")
            Path(folder, "layout").rename(layout)

    def run_command(self, image: str, *words: str, options: tuple[str, ...] = ()) -> list[str]:
        """The command that runs an image."""
        return [self.name, *self.run_prefix, "run", *self.run_options, *options, image, *words]

    def _import(self, root: Path) -> str:
        with tempfile.TemporaryDirectory() as context:
            shutil.copyfile(root, Path(context, "root.tar"))
            Path(context, "Dockerfile").write_text("FROM scratch\nADD root.tar /\n")
            return self.build(Path(context), "--quiet", *self.stamped(0))

    def _load(self, layout: Path) -> str:
        if self.name != "docker":
            return run([self.name, "pull", "--quiet", f"oci:{layout.resolve()}"]).split()[-1]
        with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
            with tarfile.open(archive.name, "w") as file:
                file.add(layout, arcname="")
            return run(["docker", "load", "--quiet", "--input", archive.name]).split()[-1]


def pinned(base: str) -> str:
    """`base`, if it can name only one image.

    Raises:
        Failed: it is a tag, which somebody may move.
    """
    if Path(base).exists() or PINNED.fullmatch(base):
        return base
    raise Failed(
        f"BASE_IMAGE={base}\n  That may be another image tomorrow.\n"
        "  Give it by digest (NAME@sha256:...), or an image of this machine (localhost/NAME, an id), an OCI layout's "
        "folder, or a root file system's .tar."
    )


def builder(base: str, names: list[str]) -> tuple[Engine, str, str]:
    """The first engine that takes the base and builds on it, the base's name there, and the version of its Python.

    Raises:
        NoEngine: none does, with what each said.
        Failed: the base's Python is none for the server.
    """
    reasons: list[str] = []
    for engine in _candidates(names, reasons):
        try:
            image = engine.take(base)
            python = _python_version(engine, image)
        except Failed as failure:
            reasons.append(str(failure))
            continue
        if not (3, 11) <= tuple(map(int, python.split(".")[:2])) <= (3, 13):
            raise Failed(f"BASE_IMAGE={base}\n  It has Python {python}, and the server needs 3.11 to 3.13.")
        return engine, image, python
    raise NoEngine(_none("builds images here", reasons))


def runner(engine: Engine, image: str) -> Engine:
    """An engine that is seen to run `image`, which `engine` built.

    Raises:
        NoEngine: it cannot, with what it said.
    """
    reasons: list[str] = []
    for prefix, options in RUN_OPTIONS[engine.name]:
        candidate = replace(engine, run_prefix=prefix, run_options=options)
        trial = ("--rm", "--network", "none", "--entrypoint", "python3")
        try:
            run(candidate.run_command(image, "-c", "", options=trial))
        except Failed as failure:
            reasons.append(str(failure))
        else:
            return candidate
    raise NoEngine(_none("runs containers here", reasons or [f"{engine.name} does not run images"]))


def run(command: list[str], on_line: Callable[[str], None] = lambda line: None) -> str:
    """What a command prints.

    Args:
        on_line: gets each line at once, of what it says meanwhile too.

    Raises:
        Failed: with the end of what it said.
    """
    said = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            on_line(line.rstrip("\n"))
    if process.returncode:
        raise Failed(f"{' '.join(command[:4])} ... ended with {process.returncode}:\n" + _indented(said[-12:]))
    return "".join(said)


def _candidates(names: list[str], reasons: list[str]) -> Iterator[Engine]:
    for name in names:
        if shutil.which(name):
            yield from (Engine(name, options) for options in BUILD_OPTIONS[name])
        else:
            reasons.append(f"{name} is not on PATH.")


def _python_version(engine: Engine, image: str) -> str:
    """Build a step on the base: the shortest proof that building works, and that the base has a Python for us."""
    step = "import platform; print('python', platform.python_version())"
    with tempfile.TemporaryDirectory() as context:
        Path(context, "Dockerfile").write_text(f'FROM {image}\nRUN ["python3", "-c", "{step}"]\n')
        said: list[str] = []
        progress = ("--progress=plain",) if engine.name == "docker" else ()
        run([engine.name, "rmi", engine.build(Path(context), *progress, on_line=said.append)])
    found = re.search(r"\bpython (3\.\d+\.\d+)", "\n".join(said))
    if not found:
        raise Failed(f"{engine.name} built on {image}, and nothing of its Python was seen.")
    return found[1]


def _none(what: str, reasons: list[str]) -> str:
    return f"No container engine {what}:\n" + _indented([f"{reason}\n" for reason in reasons])


def _indented(lines: list[str]) -> str:
    return "".join(f"  {line}" for text in lines for line in text.splitlines(keepends=True)).rstrip("\n")
