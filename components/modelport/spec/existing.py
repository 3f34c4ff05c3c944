from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from .scalars import Form, Text
from .section import Section, broken_rule, not_allowed

PROXY = r"https?://(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}"
CA = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+"
DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


def _text_or_output(value: Any) -> Any:
    if (isinstance(value, str) and value.strip()) or hasattr(value, "apply"):
        return value
    raise not_allowed("a name or an id, or an output of a resource")


Given = Annotated[Any, AfterValidator(_text_or_output), WithJsonSchema({"type": "string", "minLength": 1})]
"""A name or an id, or in Python an output of a resource that gives one later."""


class Existing(Section):
    """Infrastructure to use and not to make. What is given is never changed, tagged or deleted."""

    vpc: Given | None = None
    """Network that the service runs in."""

    subnets: tuple[Given, ...] = ()
    """Subnets of that network."""

    security_groups: tuple[Given, ...] = ()
    """Security groups of that network, for the instances in those subnets."""

    role: Given | None = None
    """Identity that the service runs as."""

    permissions_boundary: Given | None = None
    """Boundary for every role that is made."""

    key: Given | None = None
    """Encryption key."""

    bucket: Given | None = None
    """Bucket or container for models and captured data."""

    registry: Given | None = None
    """Image registry."""

    workspace: Given | None = None
    """Machine-learning workspace."""

    namespace: Given | None = None
    """Kubernetes namespace."""

    identity: dict[Text, Given] = Field(default_factory=dict)
    """Annotations that bind the Kubernetes service account that is made to an identity of the cloud, such as
    eks.amazonaws.com/role-arn."""

    priority_class: Given | None = None
    """Kubernetes priority class of the service's pods."""

    pull_secret: Given | None = None
    """Kubernetes secret, of type dockerconfigjson, that images and models are pulled from registries with."""

    store_secret: Given | None = None
    """Kubernetes secret whose entries are the environment variables that the model's store asks for."""

    proxy: Annotated[Text, Form(PROXY, "an address like http://HOST:PORT without user and password")] | None = None
    """Proxy through which pods fetch models over HTTPS."""

    no_proxy: tuple[Text, ...] = ()
    """Hosts, domains and networks that they reach without it: registry.example.com, .svc, 10.0.0.0/8."""

    ca: Annotated[Text, Form(CA, "CONFIGMAP/KEY")] | None = None
    """Kubernetes config map and its entry, as CONFIGMAP/KEY, with the certificates, in PEM, of all authorities that
    pods trust when they fetch models, in place of the usual ones."""

    claim: Given | None = None
    """Kubernetes volume claim that holds bundles, each in a folder named by the hex of its digest."""

    callers: tuple[Given, ...] = ()
    """Kubernetes namespaces whose pods may call the service, besides those of its own namespace."""

    prometheus: Given | None = None
    """Kubernetes namespace of the Prometheus that scrapes the service."""

    prometheus_address: Given | None = None
    """Address of that Prometheus, such as http://prometheus.monitoring:9090, where KEDA asks for requests."""

    prometheus_operator: dict[Text, Given] | None = None
    """Says that the Prometheus operator is there, by the labels that it wants on what it takes, such as
    release: prometheus; {} where it takes everything. Services then get their monitor, alerts and dashboard."""

    runbooks: Annotated[Text, Form(r"https?://\S+", "an address like https://wiki.example.com/runbooks")] | None = None
    """Address under which people find the pages of docs/runbooks: alerts link to them."""

    autoscaler: Literal["hpa", "keda"] = "hpa"
    """What sets the number of instances on Kubernetes: its own autoscaler, `hpa`, which knows CPU, or `keda`, which
    also scales on requests, by schedule and to zero."""

    demand: Text | None = None
    """PromQL of the requests per second that come for a service, also while none of its instances runs, so counted by a
    gateway. `$SERVICE` and `$NAMESPACE` stand for the Kubernetes Service and its namespace."""

    gateway: Given | None = None
    """Gateway that lets in the internet; on Kubernetes NAMESPACE/NAME/LISTENER, with a listener for TLS."""

    internal_gateway: Text | None = None
    """Kubernetes gateway that lets in the own network, as NAMESPACE/NAME/LISTENER, with a listener for TLS."""

    gateway_class: Given | None = None
    """Class of the Kubernetes gateway that is made for a public service."""

    gateway_namespace: Given | None = None
    """Kubernetes namespace in which the pods of gateway or ingress run; a gateway that is made is made there. Without
    it, the one that the gateway's name begins with."""

    ingress_class: Given | None = None
    """Class of the ingress that lets the internet into a cluster without Gateway API."""

    domain: Annotated[Text, Form(DOMAIN, "a DNS domain like models.example.com")] | None = None
    """DNS domain below which a service that is reachable from outside of its cluster gets a name: SERVICE.DOMAIN for
    HTTP and SERVICE-grpc.DOMAIN for gRPC."""

    certificate: Given | None = None
    """Kubernetes secret, of type tls, with the certificate of gateway or ingress, in the same namespace."""

    issuer: Given | None = None
    """ClusterIssuer of cert-manager that such a certificate is asked of."""

    tokens: Given | None = None
    """Kubernetes secret whose entry `tokens` holds bearer tokens, one a line."""

    jwt_keys: Given | None = None
    """Kubernetes config map whose entry `jwks.json` holds the public keys of an issuer of JSON Web Tokens."""

    jwt_issuer: Text | None = None
    """What such a token says in `iss`."""

    jwt_audience: Text | None = None
    """What such a token says in `aud`."""

    topic: Given | None = None
    """Topic or channel that the alerts of all services go to, besides those in `monitoring.alerts.notify`; on
    Kubernetes an e-mail address, an https:// webhook or SECRET/KEY."""

    @model_validator(mode="after")
    def _exceptions_of_a_proxy(self) -> Self:
        if self.no_proxy and self.proxy is None:
            raise broken_rule("there is no proxy to go without", "noProxy", "proxy")
        return self
