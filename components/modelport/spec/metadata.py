from pydantic import Field

from .scalars import Name, Text
from .section import Section


class Metadata(Section):
    """Who the service is and who answers for it."""

    name: Name
    """Name of the service: 3 to 32 characters, lower-case letters, digits and single dashes, a letter first."""

    owner: Text | None = None
    """Team or person that answers for the service; becomes a tag of every resource."""

    cost_center: Text | None = None
    """Cost centre that pays for the service; becomes a tag of every resource."""

    labels: dict[Text, Text] = Field(default_factory=dict)
    """More tags for every resource."""
