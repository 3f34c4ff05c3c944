class PolicyError(Exception):
    """The pack cannot judge: its profile or its input is wrong. The text says what to change."""
