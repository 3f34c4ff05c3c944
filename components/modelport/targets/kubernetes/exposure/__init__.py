"""Who reaches a service, and by which way."""
