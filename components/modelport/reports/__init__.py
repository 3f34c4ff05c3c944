"""What people and CI read about a service before it runs."""

from .equivalence import Cell, Comparison, compare
from .portability import Finding, Limit, lint

__all__ = ["Cell", "Comparison", "Finding", "Limit", "compare", "lint"]
