"""What no Pulumi provider does of Vertex AI: models, their deployments, and who gets the requests."""

from .deployed_model import VertexDeployedModel
from .model import VertexModel
from .traffic_split import VertexTrafficSplit

__all__ = ["VertexDeployedModel", "VertexModel", "VertexTrafficSplit"]
