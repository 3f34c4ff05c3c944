"""GOV on AWS: what leads back, where bias is looked for, and how much is kept of requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from modelport_policies.aws import BUCKET_LIFECYCLE, described
from modelport_policies.bounds import FEWEST
from modelport_policies.buckets import place, written_to
from modelport_policies.control import NotApplicable
from modelport_policies.controls.aws.monitoring import is_about, jobs, one_holds
from modelport_policies.relations import belonging, tag
from modelport_policies.resource import Resource, at, document, items, mapping, number, text
from modelport_policies.sagemaker import captures

EXPLAINING = ("ModelBias", "ModelExplainability")


def earlier_images_are_kept(lifecycle: Resource) -> Iterable[str]:
    """No rule of `policy` expires images that tags name by their age, or but for fewer than two, unless it is for tags
    that begin or look alike.
    """
    for rule in items(at(document(lifecycle.at("policy")), "rules")):
        selection = at(rule, "selection")
        if at(rule, "action", "type") != "expire" or not is_wide(selection):
            continue
        if at(selection, "countType") != "imageCountMoreThan" or number(at(selection, "countNumber"), 0) < FEWEST:
            yield f"rule {text(at(rule, 'rulePriority'))} deletes the image that an update can go back to"


def is_wide(selection: Any) -> bool:
    """Whether a rule is about images whatever their tags are."""
    alike = {text(each) for key in ("tagPrefixList", "tagPatternList") for each in items(at(selection, key))}
    return at(selection, "tagStatus") != "untagged" and not alike - {"*"}


def bias_is_watched(endpoint: Resource) -> Iterable[str]:
    """Where a tag `riskClass` is high, a monitoring job or schedule of the stack about the endpoint looks for bias or
    explains answers.
    """
    if tag(endpoint, "riskclass") != "high":
        raise NotApplicable("the use is not of high risk")
    if not one_holds(partial(explains, each, endpoint) for each in jobs(endpoint)):
        yield "nothing looks for bias in what the model answers"


def explains(resource: Resource, endpoint: Resource) -> bool:
    """Whether a job or schedule about an endpoint looks for bias, or explains answers."""
    schedule = at(described(resource), "monitoringScheduleConfig")
    kinds = [text(resource.at("typeName")), text(at(schedule, "monitoringType"))]
    return any(name in kind for kind in kinds for name in EXPLAINING) and is_about(resource, endpoint)


def captures_are_in_band(configuration: Resource) -> Iterable[str]:
    """`dataCaptureConfig.initialSamplingPercentage` is between parameters `leastSamplingPercent` and
    `mostSamplingPercent`; where the bucket that they go to has a `BucketLifecycleConfiguration` in the stack, a rule of
    it lets them expire between `leastRetentionDays` and `mostRetentionDays`.
    """
    if not captures(configuration):
        raise NotApplicable("it keeps no requests")
    least, most = (configuration.parameters[name] for name in ("leastSamplingPercent", "mostSamplingPercent"))
    capture = configuration.at("dataCaptureConfig")
    percent = number(at(capture, "initialSamplingPercentage"), 0)
    if not least <= percent <= most:
        yield f"{percent:g} % of the requests are kept, not {least:g} to {most:g} %"
    bucket, key = place(at(capture, "destinationS3Uri"))
    for each in written_to(configuration, "dataCaptureConfig", {bucket} - {""}):
        if rules := list(rules_of(each)):
            yield from kept_too_long_or_short([*lifetimes(rules, key)], configuration)


def kept_too_long_or_short(days: list[float], configuration: Resource) -> Iterable[str]:
    """What is wrong with how long captures are kept: as the first rule that is for them says."""
    least, most = (configuration.parameters[name] for name in ("leastRetentionDays", "mostRetentionDays"))
    if not days:
        yield "requests are kept for ever"
    elif not least <= min(days) <= most:
        yield f"requests are kept for {min(days):g} days, not {least:g} to {most:g}"


def rules_of(bucket: Resource) -> Iterator[Any]:
    """The rules of a bucket's lifecycle in the stack; COST-05 asks for one."""
    return (rule for each in belonging(bucket, BUCKET_LIFECYCLE, "bucket") for rule in items(each.at("rules")))


def lifetimes(rules: Iterable[Any], key: str) -> Iterator[float]:
    """How long objects whose keys begin like this are kept, by each rule that is for all of them."""
    for rule in rules:
        only = mapping(at(rule, "filter"))
        beginning = text(at(rule, "prefix") or at(only, "prefix"))
        days = number(at(rule, "expiration", "days"), 0)
        if at(rule, "status") == "Enabled" and days and not set(only) - {"prefix"} and f"{key}/".startswith(beginning):
            yield days
