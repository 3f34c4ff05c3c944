"""Nurseries for engines: what the programs and plugins of all tests of a process import, is imported once."""

import os
import sys
from functools import cache
from pathlib import Path

from modelport.cli.engines.embedded import PRELOAD
from modelport_engine.plugins.nursery import Nursery

PYTHON = Path(sys.executable)
MODULES = (*PRELOAD, "modelport.targets.kubernetes.sdk", "modelport_engine.kubernetes.serve")


@cache
def mother() -> Nursery:
    """The one that all others are forked from. It ends with the process; make it in the main thread."""
    return Nursery(PYTHON, MODULES, os.environ)


def lent() -> Nursery:
    """One for an engine."""
    return Nursery.lent(PYTHON, *mother().lend())
