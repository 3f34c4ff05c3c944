import pytest
from support import models


@pytest.fixture
def doubling(tmp_path):
    """An .onnx file that doubles its input."""
    return models.save(models.doubling(), tmp_path / "doubling.onnx")
