"""Waiting until an object does what it is for, or is gone; and saying why not."""
