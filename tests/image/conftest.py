import os
from pathlib import Path

import pytest
from container_engine import Engine, NoEngine, runner
from support.container import Container
from support.image import debian, make_image, readable

from modelport.bundle import build

MODELS = Path(__file__).parents[2] / "stacks" / "models"


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """The image, on BASE_IMAGE, or else on Debian packages."""
    folder = tmp_path_factory.mktemp("image")
    bases = {name: os.environ[name] for name in ("BASE_IMAGE", "BUILD_IMAGE") if name in os.environ}
    return make_image(folder / "layouts", bases or debian(folder))


@pytest.fixture(scope="session")
def engine(image):
    """What runs the image here."""
    try:
        return runner(Engine(image.engine), image.name)
    except NoEngine as failure:
        pytest.skip(str(failure))


@pytest.fixture
def start(engine, image):
    """Start containers; all are gone afterwards."""
    containers = []

    def start(*words, **options):
        containers.append(Container(engine, image.name, *words, **options))
        return containers[-1]

    yield start
    for container in containers:
        container.remove()


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A bundle that any user can read."""
    folder = tmp_path_factory.mktemp("models")
    build(MODELS / "digits.onnx", folder / "digits")
    return readable(folder) / "digits"
