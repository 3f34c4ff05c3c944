"""Imports what the objects of this target come from: they themselves do so one by one, as each is needed."""

import pulumi_kubernetes.apiextensions
import pulumi_kubernetes.apps.v1
import pulumi_kubernetes.autoscaling.v2
import pulumi_kubernetes.core.v1
import pulumi_kubernetes.networking.v1
import pulumi_kubernetes.policy.v1
import pulumi_kubernetes.scheduling.v1  # noqa: F401
