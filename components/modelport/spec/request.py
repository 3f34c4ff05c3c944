from typing import Annotated

from pydantic import Field

from .quantity import Between, Duration, Memory
from .section import Section


class Request(Section):
    """What one request may take."""

    timeout: Annotated[Duration, Between("1s", "1h")] = Duration.parse("55s")
    """Longest time to answer; 55s is the most that every target's synchronous path allows."""

    payload: Annotated[Memory, Between("1Ki", "1Gi")] = Memory.parse("1Mi")
    """Largest request body."""

    concurrency: Annotated[int, Field(strict=True, ge=1, le=1000)] = 16
    """Requests that one instance works on at the same time; more wait or are turned away with 429."""
