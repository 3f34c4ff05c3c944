"""A policy of each kind; the one called `trouble` makes as much as its config asks for."""

import os
import sys

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)


def limit(args, report):
    if args.props.get("size", 0) > args.get_config()["limit"]:
        report(f"size over {args.get_config()['limit']}")


def upstream(args, report):
    if args.resource_type != "sim:index:Server":
        args.not_applicable("only servers have one")
    if not args.props.get("upstream", "arn:").startswith("arn:"):
        report("not an ARN")


def owner(args, report):
    if args.resource_type == "sim:index:Bucket" and args.props.get("owner") != "me":
        report("not mine")


def own(args):
    if args.resource_type == "sim:index:Bucket" and args.props.get("owner") != "me":
        return {**args.props, "owner": "me"}
    return None


def provider(args, report):
    if args.provider and args.provider.props.get("prefix") == "p2-":
        report(f"made by {args.provider.name}")


def arns(args, report):
    for each in args.resources:
        if each.resource_type.startswith("sim:") and not each.props.get("arn", "arn:").startswith("arn:"):
            report("no ARN", each.urn)
        if each.props.get("size", 0) == 21:
            report("size 21", each.urn)


def trouble(args, report):
    kind = (args.get_config() or {}).get("kind")
    if args.resource_type == "sim:index:Bucket" and kind == "raise":
        raise LookupError("no such rule")
    if args.resource_type == "sim:index:Bucket" and kind == "exit":
        print("rules: out of memory", file=sys.stderr, flush=True)
        os._exit(3)


PolicyPack(
    "rules",
    enforcement_level=EnforcementLevel.ADVISORY,
    initial_config={"limit": {"enforcementLevel": EnforcementLevel.MANDATORY, "limit": 50}},
    policies=[
        ResourceValidationPolicy(
            "limit",
            "not too big",
            limit,
            config_schema=PolicyConfigSchema({"limit": {"type": "integer", "minimum": 1}}, ["limit"]),
            severity=Severity.HIGH,
        ),
        ResourceValidationPolicy("upstream", "upstream is an ARN", upstream, severity=Severity.LOW),
        ResourceValidationPolicy("owner", "mine", owner, EnforcementLevel.REMEDIATE, remediate=own),
        ResourceValidationPolicy("provider", "not of p2", provider),
        ResourceValidationPolicy("silent", "never", trouble, EnforcementLevel.DISABLED),
        ResourceValidationPolicy(
            "trouble", "none", trouble, config_schema=PolicyConfigSchema({"kind": {"enum": ["raise", "exit"]}})
        ),
        StackValidationPolicy("arns", "all have ARNs", arns, severity=Severity.CRITICAL),
    ],
)
