import math

SURGE_PERCENT = 25


def surge(replicas: int) -> int:
    """Pods that an update may have beyond the wanted ones."""
    return math.ceil(replicas * SURGE_PERCENT / 100)
