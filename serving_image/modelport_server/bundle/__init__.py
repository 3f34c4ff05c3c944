"""The model bundle: one folder that holds a model, what it takes and gives, and a question it must answer.

Importing it needs the standard library alone; `describe` imports onnx when called, `reference` needs onnxruntime.
"""

from modelport_server.bundle.errors import BundleError
from modelport_server.bundle.files import ModelFile
from modelport_server.bundle.manifest import Bundle, Tensor, load, verify

__all__ = ["Bundle", "BundleError", "ModelFile", "Tensor", "load", "verify"]
