"""Processes that the engine starts, and the providers that they serve."""
