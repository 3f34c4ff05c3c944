"""What jobs have nothing for."""

from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec, leaf_values, written
from modelport.targets.jobs import job_lacks

LACKS = {
    **job_lacks("Leave it out, and have an alert on the logs of jobs, which `modelport outputs` shows."),
    **dict.fromkeys(
        ("scaling.target.metric", "scaling.target.value"),
        ("Vertex AI itself chooses how many machines a job has", "Write scaling.min and scaling.max alone."),
    ),
}
"""Fields that jobs have nothing for: why not, and what to do instead."""


def job_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What jobs have nothing for."""
    values = leaf_values(spec)
    for field, (reason, alternative) in LACKS.items():
        if field in written(spec) and values.get(field):
            yield Objection(field, values[field], reason, alternative)
    if spec.security.exposure == "public":
        yield Objection("security.exposure", "public", "a job has no endpoint", "Leave it out.")
    live = environment.releases.get(spec.metadata.name)
    if live and live.candidate:
        place = f"modelport:releases.{spec.metadata.name}.candidate"
        yield Objection(place, None, "a job has one version", "Write the new version as stable.")
    if environment.existing.vpc is not None:
        yield Objection("modelport:existing.vpc", "given", "a job has no endpoint in a network", "Leave it out.")
