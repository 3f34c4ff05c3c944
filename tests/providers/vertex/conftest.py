import pytest
from providers.vertex.given import deployment, model, quiet, split
from support.vertex.service import TOKEN, Vertex, serving

from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit, google, operations


@pytest.fixture
def vertex(monkeypatch):
    """Vertex AI in a region, which is polled without pause."""
    for owner, name in ((google, "FIRST_PAUSE"), (google, "LONGEST_PAUSE"), (operations, "FIRST_POLL")):
        monkeypatch.setattr(owner, name, 0.001)
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", TOKEN)
    with serving(Vertex()) as vertex:
        monkeypatch.setenv("GOOGLE_VERTEX_AI_CUSTOM_ENDPOINT", vertex.url)
        monkeypatch.setenv("GOOGLE_LOGGING_CUSTOM_ENDPOINT", vertex.url)
        yield vertex


@pytest.fixture
def endpoint(vertex):
    """The name of an endpoint without models."""
    return vertex.add_endpoint()


@pytest.fixture
def upload(vertex):
    """Upload a version of the model `fraud`; gives its id and outputs."""
    return lambda **changes: VertexModel().create(model(**changes), quiet)


@pytest.fixture
def deploy(endpoint, upload):
    """Deploy a version, the first unless another is named; gives its id and outputs."""

    def deploy(**changes):
        if "model" not in changes:
            changes["model"] = upload()[0]
        return VertexDeployedModel().create(deployment(endpoint=endpoint, **changes), quiet)

    return deploy


@pytest.fixture
def divide(endpoint):
    """Divide the requests of the endpoint."""
    return lambda percentages: VertexTrafficSplit().create(split(endpoint, percentages), quiet)
