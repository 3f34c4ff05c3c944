"""The controls as a Pulumi policy pack: what the analyzer process of `pulumi up --policy-pack` runs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import grpc
import pulumi
from pulumi.runtime.proto import analyzer_pb2_grpc

from modelport_policies.control import known_parameters, known_profile, with_defaults
from modelport_policies.controls import catalogue
from modelport_policies.register import read_register
from modelport_policies.rules import own_controls
from modelport_policies.servicer import NAME, Servicer

LARGEST_MESSAGE = 400 * 1024 * 1024
"""As in Pulumi's own SDK, in bytes: a whole stack is one message."""


def serve(pack: Path) -> None:
    """Serve the Analyzer protocol until the engine ends this process.

    The profile is `MODELPORT_POLICY_PROFILE`, else the stack's config `modelport-policies:profile`, else `standard`.
    Parameters are the stack's config `modelport-policies:parameters`, over which a pack config goes.
    The exemptions are the file `MODELPORT_POLICY_EXEMPTIONS`, else `exemptions.yaml` in the pack's folder; controls of
    the project's own are in `MODELPORT_POLICY_RULES`, else in `rules.py` there.

    Raises:
        PolicyError: an unknown profile, control or parameter, or wrong rules.
    """
    server = grpc.server(
        ThreadPoolExecutor(max_workers=4), options=[("grpc.max_receive_message_length", LARGEST_MESSAGE)]
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(_servicer(pack), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def _servicer(pack: Path) -> Servicer:
    config = pulumi.Config(NAME)
    profile = known_profile(os.environ.get("MODELPORT_POLICY_PROFILE") or config.get("profile"))
    own = own_controls(Path(os.environ.get("MODELPORT_POLICY_RULES") or pack / "rules.py"))
    parameters = known_parameters(config.get_object("parameters") or {}, catalogue(own=own))
    file = Path(os.environ.get("MODELPORT_POLICY_EXEMPTIONS") or pack / "exemptions.yaml")
    register = read_register(file, [control.id for control in catalogue(own=own)], date.today())
    controls = [with_defaults(each, parameters.get(each.id, {})) for each in catalogue(register.problems, own)]
    return Servicer(controls, profile, register)
