from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .accept import Accepted
from .budget import Money
from .compute import Compute
from .fields import leaf_fields
from .governance import Governance
from .metadata import Metadata
from .model import Model
from .monitoring import Monitoring
from .problem import did_you_mean
from .request import Request
from .rollout import Rollout
from .scaling import Scaling
from .section import Section, broken_rule
from .security import Security
from .serving import Protocols, Serving
from .slo import Slo


class ModelSpec(Section):
    """One model-serving service, the same for every target. Only `metadata.name` and `model.source` are required."""

    api_version: Literal["modelport/v1"] = "modelport/v1"
    """Version of this format."""

    kind: Literal["ModelService"] = "ModelService"
    """What the file describes."""

    metadata: Metadata
    """Who the service is and who answers for it."""

    model: Model
    """What is served."""

    compute: Compute = Compute()
    """What one instance gets."""

    scaling: Scaling = Scaling()
    """How many instances run."""

    mode: Literal["realtime", "async", "batch", "serverless"] = "realtime"
    """How requests are answered: at once, from a queue, as a job over files, or at once without own instances."""

    request: Request = Request()
    """What one request may take."""

    startup_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] = 300
    """Longest time from start to ready, in seconds; every probe and health-check setting follows from it."""

    protocols: Protocols = Protocols()
    """What clients may speak besides the target's own dialect."""

    serving: Serving = Serving()
    """What serves the model."""

    slo: Slo = Slo()
    """Service level objectives: alerts, dashboards and rollback follow from them."""

    rollout: Rollout = Rollout()
    """How a new version takes over from the stable one."""

    monitoring: Monitoring = Monitoring()
    """What is watched beyond the objectives in `slo`."""

    security: Security = Security()
    """Who reaches the service, and how its data is kept."""

    governance: Governance = Governance()
    """What an auditor asks about the model."""

    budget: Money | None = None
    """Most that the service may cost per month, judged by COST-02 where it has prices."""

    accept: tuple[Accepted, ...] = ()
    """Differences between targets that the owner accepts."""

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        if self.scaling.target.metric == "accelerator" and self.compute.accelerator is None:
            raise broken_rule("needs compute.accelerator", "scaling.target.metric", "compute.accelerator")
        if self.mode == "batch" and self.scaling.scale_to_zero:
            raise broken_rule("a batch service has no instances between jobs anyway", "scaling.scaleToZero", "mode")
        if self.monitoring.drift.enabled and not self.monitoring.capture.percent:
            reason = "drift is computed from captured requests: set monitoring.capture.percent"
            raise broken_rule(reason, "monitoring.drift.enabled", "monitoring.capture.percent")
        return self

    @model_validator(mode="after")
    def _accepted_fields_exist(self) -> Self:
        paths = leaf_fields(type(self))
        for index, accepted in enumerate(self.accept):
            if accepted.field not in paths:
                raise broken_rule(f"no such field. {did_you_mean(accepted.field, paths)}", f"accept.{index}.field")
        return self
