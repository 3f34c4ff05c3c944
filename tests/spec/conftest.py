import textwrap

import pytest

from modelport.spec import ConfigError, load_environment, load_service


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes a file into an empty folder, which is the current one, and gives its relative name."""
    monkeypatch.chdir(tmp_path)

    def write(content: str | bytes, name: str = "fraud.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        return name

    return write


@pytest.fixture
def problems_of():
    """Every problem of a service file, or of a stack file if it is called Pulumi.*.yaml."""

    def problems_of(name: str, **options):
        load = load_environment if name.startswith("Pulumi.") else load_service
        with pytest.raises(ConfigError) as raised:
            load(name, **options)
        assert raised.value.exit_code == 2
        return {problem.path: problem for problem in raised.value.problems}

    return problems_of
