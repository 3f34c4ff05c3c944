"""What a test needs of the machine it runs on."""

import os
from typing import NoReturn

import pytest


def lacks(what: list[str]) -> NoReturn:
    """Skip the test, as this machine lacks what it needs; with MODELPORT_REQUIRE_ALL that is a failure."""
    reason = f"{', '.join(what)} is not installed"
    (pytest.fail if os.environ.get("MODELPORT_REQUIRE_ALL") else pytest.skip)(reason)
