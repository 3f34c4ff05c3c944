from __future__ import annotations

from pathlib import Path

import pulumi

from modelport.bundle import Bundle
from modelport.providers.local import LocalServer
from modelport.targets.children import Children
from modelport.targets.provider import OwnResource
from modelport.targets.running import project_root

FOLDER = Path(".modelport", "servers")


class Server(OwnResource):
    """A model server as a process of this machine; `props` are the inputs of `modelport:local:Server`."""

    crud = LocalServer

    url: pulumi.Output[str]
    port: pulumi.Output[int]
    pid: pulumi.Output[int]
    digest: pulumi.Output[str]
    version: pulumi.Output[str]
    log: pulumi.Output[str]


def model_server(own: Children, bundle: Bundle) -> Server:
    """The process that serves the stable release."""
    spec = own.plan.spec
    inputs = {
        "service": own.plan.name,
        "runDir": str(project_root() / FOLDER / own.plan.environment.stack / own.name("server")),
        "bundle": str(bundle.path.absolute()),
        "digest": bundle.digest,
        "host": "127.0.0.1",
        "requestBytes": spec.request.payload.bytes,
        "startupSeconds": spec.startup_seconds,
    }
    return own.make(Server, "server", inputs)
