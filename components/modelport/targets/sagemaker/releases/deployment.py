"""How an update of an endpoint goes: in which steps requests move to the new instances, and what undoes it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modelport.monitoring import alert_rules
from modelport.plan import Objection, Plan
from modelport.plan.bounds import at_first
from modelport.spec import Environment, ModelSpec, Rollout, written

if TYPE_CHECKING:
    from ..monitoring.alarms import Alarms

LARGEST_STEP, SMALLEST_LINEAR = 50, 10
"""Percent of the instances: botocore, TrafficRoutingConfig."""
LONGEST_WAIT, LONGEST_UPDATE, SHORTEST_UPDATE = 3600, 28_800, 600
"""Seconds: botocore, TrafficRoutingConfig and BlueGreenUpdatePolicy."""
TO_START = 1800
"""Seconds that SageMaker may take for new instances, beside what the service takes to start."""
TAG = "rolloutSteps"
"""Says on an endpoint by which steps, in percent, `modelport rollout` moves requests."""
STEPS, BAKE, ROLLBACK_ON = "rollout.steps", "rollout.bake", "rollout.rollbackOn"


def deployment(plan: Plan, alarms: Alarms) -> dict[str, Any]:
    """What an endpoint says of its updates; where `modelport:releases` names the service, by which steps those go.

    Two configurations of an endpoint between which requests move in steps have variants of the same names, and a
    release adds a variant and takes one away: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
    """
    if plan.name in plan.environment.releases:
        steps = " ".join(map(str, plan.spec.rollout.steps))
        return {"tags": {**plan.tags, **({TAG: steps} if steps else {})}}
    rollout = plan.spec.rollout
    policy = {
        "trafficRoutingConfiguration": {"waitIntervalInSeconds": round(rollout.bake.seconds), **_routing(plan.spec)},
        "terminationWaitInSeconds": round(rollout.bake.seconds),
        "maximumExecutionTimeoutInSeconds": longest_update(plan),
    }
    named = [{"alarmName": each.name} for each in alarms.guards if each.category in rollout.rollback_on]
    undone = {"autoRollbackConfiguration": {"alarms": named}} if named else {}
    return {"tags": plan.tags, "deploymentConfig": {"blueGreenUpdatePolicy": policy, **undone}}


def longest_update(plan: Plan) -> int:
    """Seconds that an update of the endpoint may take, or its first start."""
    waits = 0 if plan.name in plan.environment.releases else _waits(plan.spec)
    return min(max(waits + round(plan.spec.startup_seconds) + TO_START, SHORTEST_UPDATE), LONGEST_UPDATE)


def deployment_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with how an update is to go."""
    if spec.metadata.name in environment.releases or spec.mode == "batch":
        return
    asked, rollout = written(spec), spec.rollout
    if spec.mode == "serverless" and STEPS in asked and rollout.steps:
        reason = "a serverless endpoint has no instances that requests could move to in steps"
        yield Objection(STEPS, list(rollout.steps), reason, "Write [], or use mode: realtime.")
        return
    if STEPS in asked and not _is_possible(rollout):
        reason = "SageMaker takes one step of 50 % at most, or equal steps of 10 % at least, until all requests moved"
        yield Objection(STEPS, list(rollout.steps), reason, "Write [10], or equal steps like [25, 50, 75].")
    if BAKE in asked and rollout.bake.seconds > LONGEST_WAIT:
        yield Objection(BAKE, str(rollout.bake), "SageMaker waits an hour at most after a step", "Write at most 1h.")
    elif (total := _waits(spec) + spec.startup_seconds + TO_START) > LONGEST_UPDATE:
        reason = f"with all steps an update would take {total / 3600:.1f} h, and SageMaker gives it 8 h"
        yield Objection(BAKE, str(rollout.bake), reason, "Write less, or fewer steps.")
    if ROLLBACK_ON in asked and rollout.rollback_on and not alert_rules(spec):
        reason = "alarms undo an update, and monitoring.alerts.enabled is false"
        yield Objection(ROLLBACK_ON, list(rollout.rollback_on), reason, "Leave alerts on, or write [].")


def _routing(spec: ModelSpec) -> dict[str, Any]:
    """One instance cannot be divided; other steps than equal ones become the first of them, and then the rest."""
    steps = _steps(spec)
    if not steps:
        return {"type": "ALL_AT_ONCE"}
    size = {"type": "CAPACITY_PERCENT", "value": steps[0]}
    if len(steps) > 1:
        return {"type": "LINEAR", "linearStepSize": size}
    return {"type": "CANARY", "canarySize": size}


def _waits(spec: ModelSpec) -> int:
    """Seconds between steps, and after the last one."""
    return round(spec.rollout.bake.seconds) * (len(_steps(spec)) + 1)


def _steps(spec: ModelSpec) -> tuple[int, ...]:
    """The steps that SageMaker takes before all requests have moved."""
    steps = spec.rollout.steps
    if not steps or at_first(spec.scaling) < 2 or spec.mode == "serverless":
        return ()
    return steps if _is_possible(spec.rollout) else (min(steps[0], LARGEST_STEP),)


def _is_possible(rollout: Rollout) -> bool:
    steps = rollout.steps
    if len(steps) < 2:
        return all(step <= LARGEST_STEP for step in steps)
    size = steps[0]
    equal = tuple(size * number for number in range(1, math.ceil(100 / size)))
    return SMALLEST_LINEAR <= size <= LARGEST_STEP and steps == equal
