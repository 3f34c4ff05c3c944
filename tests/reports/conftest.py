import pytest

from modelport.spec import load_service


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Loads a service file of the required fields and the given text."""
    monkeypatch.chdir(tmp_path)

    def write(text=""):
        (tmp_path / "fraud.yaml").write_text("metadata: {name: fraud}\nmodel: {source: fraud.onnx}\n" + text)
        return load_service("fraud.yaml")

    return write
