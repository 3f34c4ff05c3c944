import os
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden():
    """Compare a text with the committed file of a name; with MODELPORT_WRITE_GOLDEN=1 write it there instead."""

    def golden(name, text):
        if os.environ.get("MODELPORT_WRITE_GOLDEN"):
            (GOLDEN / name).write_text(text)
        assert text == (GOLDEN / name).read_text(), "see the difference with MODELPORT_WRITE_GOLDEN=1 and git diff"

    return golden
