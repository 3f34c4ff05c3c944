from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec

ALONE = {"serverless": "endpoint", "async": "queue", "batch": "job"}
"""What has one version in a mode; only realtime endpoints have several variants:
https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html (feature exclusions)
"""


def release_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with the live versions."""
    name = spec.metadata.name
    live = environment.releases.get(name)
    if live is None or live.candidate is None:
        return
    if live.mirror and live.weight:
        reason = "SageMaker copies requests only while one version answers all of them"
        alternative = "Write weight: 0 as long as requests are copied; `modelport rollout step` ends the copying."
        yield Objection(f"modelport:releases.{name}.mirror", live.mirror, reason, alternative)
    if spec.mode in ALONE:
        reason = f"SageMaker runs one version of a service whose mode is {spec.mode}"
        alternative = "Write the new version as stable, or use mode: realtime."
        yield Objection(f"modelport:releases.{name}.candidate", None, reason, alternative)
