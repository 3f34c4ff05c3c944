from typing import Literal

from .section import Section

Compliance = Literal[
    "gdpr", "hipaa", "pci-dss", "soc2", "iso27001", "iso42001", "nist-800-53", "nist-ai-rmf", "eu-ai-act"
]


class Security(Section):
    """Who reaches the service, and how its data is kept."""

    exposure: Literal["private", "internal", "public"] = "private"
    """From where the endpoint is reachable: what is next to it on its platform, the whole own network, or the
    internet."""

    auth: Literal["platform", "bearer", "mtls", "none"] = "platform"
    """How callers prove who they are: the platform's identities, a bearer token, client certificates, or not at all."""

    encryption: Literal["customer-key", "provider-key"] = "customer-key"
    """Whose key encrypts model, captured data and disks."""

    data_class: Literal["public", "internal", "confidential", "personal"] = "confidential"
    """The most sensitive data in requests and answers."""

    compliance: tuple[Compliance, ...] = ()
    """Frameworks that the service falls under; policies report by them."""
