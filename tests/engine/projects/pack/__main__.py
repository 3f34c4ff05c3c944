from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy


def size(args, report):
    if args.resource_type.startswith("sim:") and args.props.get("size", 0) > 100:
        report("size over 100 is not allowed")


def tags(args, report):
    if args.resource_type == "sim:index:Bucket" and not args.props.get("tags"):
        report("bucket has no tags")


def count(args, report):
    if len(args.resources) > 50:
        report("too many")


PolicyPack(
    "demo-pack",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy("max-size", "size <= 100", size),
        ResourceValidationPolicy("tags", "tags wanted", tags, EnforcementLevel.ADVISORY),
        StackValidationPolicy("count", "not too many", count),
    ],
)
