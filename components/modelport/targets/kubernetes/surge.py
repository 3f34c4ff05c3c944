import math


def surge(replicas: int) -> int:
    """Pods that an update may have beyond the wanted ones."""
    return math.ceil(replicas / 4)
