"""The content-addressed model bundle: build one from a model, keep it in a cache."""

from modelport.bundle.baseline import make_baseline
from modelport.bundle.build import build
from modelport.bundle.errors import BundleError
from modelport.bundle.read import load
from modelport.bundle.source import ensure
from modelport_server.bundle import Bundle, Tensor

__all__ = ["Bundle", "BundleError", "Tensor", "build", "ensure", "load", "make_baseline"]
