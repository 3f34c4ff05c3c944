import asyncio
import shutil

import pytest
from hypothesis import settings
from support.demands import lacks

settings.register_profile("modelport", deadline=None, max_examples=60)
settings.load_profile("modelport")


@pytest.fixture(scope="session")
def mocks_loop():
    """The event loop that Pulumi's mocks work on."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def current_loop(mocks_loop):
    """Pulumi's mocks want a current loop to be there; `asyncio.run` leaves none."""
    asyncio.set_event_loop(mocks_loop)


def pytest_runtest_setup(item):
    """Skip what needs a program that is not installed; with MODELPORT_REQUIRE_ALL that is a failure."""
    for marker in item.iter_markers("program"):
        if missing := [name for name in marker.args if not shutil.which(name)]:
            lacks(missing)
