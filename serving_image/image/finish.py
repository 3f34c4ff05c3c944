"""The last step of the image: nothing that installs, and nothing left to compile."""

from __future__ import annotations

import compileall
import importlib
import py_compile
import re
import shutil
import sys
import sysconfig
from pathlib import Path

INSTALLERS = ("pip", "pip-*", "setuptools", "setuptools-*", "wheel", "wheel-*", "pkg_resources", "_distutils_hack")
NOT_COMPILED = re.compile(r"/(site-packages|dist-packages|test|tests|idlelib|lib2to3|pydoc_data|ensurepip)/")


def main() -> None:
    """Finish the image; a server that cannot be imported fails the build."""
    remove_installers()
    compile_standard_library()
    importlib.import_module("modelport_server.serve")


def remove_installers() -> None:
    """What a base brings along: nobody installs anything in a container that serves."""
    site, scripts, library = (Path(sysconfig.get_path(name)) for name in ("purelib", "scripts", "stdlib"))
    found = [path for pattern in INSTALLERS for path in site.glob(pattern)]
    found += [site / "distutils-precedence.pth", library / "ensurepip", *scripts.glob("pip*"), *scripts.glob("wheel")]
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def compile_standard_library() -> None:
    """Some bases carry it as source alone, and a read-only file system would have every start compile it."""
    done = compileall.compile_dir(
        sysconfig.get_path("stdlib"),
        rx=NOT_COMPILED,
        quiet=1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        sys.exit("the base's standard library cannot be compiled")


if __name__ == "__main__":
    main()
