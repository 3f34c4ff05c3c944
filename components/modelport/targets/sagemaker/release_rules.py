from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec

WITHOUT_SHADOWS = {"serverless", "async"}
"""Modes in which SageMaker copies no requests:
https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html
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
    if live.mirror and spec.mode in WITHOUT_SHADOWS:
        reason = f"SageMaker copies no requests of a service whose mode is {spec.mode}"
        yield Objection(f"modelport:releases.{name}.mirror", live.mirror, reason, "Begin with a weight instead.")
