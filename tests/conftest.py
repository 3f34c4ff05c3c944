import asyncio

import pytest
from hypothesis import settings

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
