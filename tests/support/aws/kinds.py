"""What is to say of a type so that its resources become requests, and the words for what is no mere renaming."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-central-1"
PREFIXES = ("namePrefix", "bucketPrefix")
"""Inputs with which names begin that the provider makes up."""
SILENT = {
    "region": "says where the request goes",
    **dict.fromkeys(("forceDestroy", "forceDelete", "forceDetachPolicies"), "is for deleting"),
    **dict.fromkeys(("skipDestroy", "deletionWindowInDays", "revokeRulesOnDelete"), "is for deleting"),
    **dict.fromkeys(("timeouts", "delayAfterPolicyCreationInMs"), "is how long the provider waits"),
    **dict.fromkeys(("confirmationTimeoutInMinutes", "endpointAutoConfirms"), "is how long the provider waits"),
}
"""Inputs that mean nothing to the operations, and why."""
ADOPTED = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "is there with its network, and loses its rules"}
"""Types that the provider does not make, and why."""

Places = dict[str, Any]
"""Values by the places that take them, such as `Budget.BudgetLimit.Amount`."""


@dataclass(frozen=True)
class Then:
    """An operation that follows where an input asks for it; its member `by` takes the resource's id.

    Attributes:
        switch: an input that no member takes: the operation itself is what it says.
    """

    operation: str
    by: str
    inputs: tuple[str, ...] = ()
    switch: str = ""


@dataclass(frozen=True)
class Kind:
    """How resources of a type are made.

    Attributes:
        named: the place of the name, which the provider makes up by `name` where none is given.
        within: the structure that takes what the request itself does not.
        takes: the place of an input, or what makes places of its value and all inputs.
        also: what the request says besides.
        outputs: what becomes of the parameters and the answer.
    """

    operation: str
    named: str = ""
    name: str = "{}-1234567"
    within: str = ""
    takes: Mapping[str, str | Callable[[Any, Mapping[str, Any]], Places]] = field(default_factory=dict)
    also: Places = field(default_factory=dict)
    then: tuple[Then, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    def made_up(self, name: str, inputs: Mapping[str, Any]) -> Places:
        """The name that the provider gives a resource which has none."""
        begin = next((inputs[prefix] for prefix in PREFIXES if prefix in inputs), None)
        return {self.named: f"{begin}1234567" if begin else self.name.format(name)} if self.named else {}


def s3(operation: str, **further: Any) -> Kind:
    return Kind(f"s3.{operation}", outputs={"id": "{Bucket}", "arn": "arn:aws:s3:::{Bucket}"}, **further)


def ec2(operation: str, what: str, made: str, **further: Any) -> Kind:
    """What is tagged while it is made; `made` is its id in the answer."""
    takes = {
        "tags": lambda tags, _: {"TagSpecifications.ResourceType": what, "TagSpecifications.Tags": tags},
        **further.pop("takes", {}),
    }
    arn = f"arn:aws:ec2:{{region}}:{ACCOUNT}:{what}/{{{made}}}"
    outputs = {"id": f"{{{made}}}", "arn": arn, **further.pop("outputs", {})}
    return Kind(f"ec2.{operation}", takes=takes, outputs=outputs, **further)


def rule(operation: str) -> Kind:
    """A rule of a security group; its description is said of its source."""
    sources = {
        "cidrIpv4": "IpPermissions.IpRanges.CidrIp",
        "cidrIpv6": "IpPermissions.Ipv6Ranges.CidrIpv6",
        "prefixListId": "IpPermissions.PrefixListIds.PrefixListId",
        "referencedSecurityGroupId": "IpPermissions.UserIdGroupPairs.GroupId",
    }

    def described(text: Any, inputs: Mapping[str, Any]) -> Places:
        lists = [place.rpartition(".")[0] for name, place in sources.items() if name in inputs]
        return {f"{each}.Description": text for each in lists} or {"description": text}

    takes = {
        "securityGroupId": "GroupId",
        "ipProtocol": "IpPermissions.IpProtocol",
        "fromPort": "IpPermissions.FromPort",
        "toPort": "IpPermissions.ToPort",
        "description": described,
    }
    return ec2(operation, "security-group-rule", "SecurityGroupRuleId", takes=sources | takes)


def attributes(*names: str) -> dict[str, str]:
    """Inputs that are attributes of a topic or a subscription."""
    return {name: f"Attributes.{name[0].upper()}{name[1:]}" for name in names}


def queries(values: Iterable[Mapping[str, Any]], _: Mapping[str, Any]) -> Places:
    """The metrics of an alarm; the API says in two structures what the provider says in one."""

    def query(metric: Mapping[str, Any] | None = None, **others: Any) -> dict[str, Any]:
        named = {key: each for key, each in (metric or {}).items() if key in ("namespace", "metricName", "dimensions")}
        asked = {key: each for key, each in (metric or {}).items() if key not in named}
        return {**others, "metricStat": {"metric": named, **asked}} if metric else others

    return {"Metrics": [query(**value) for value in values]}


def notified(values: Iterable[Mapping[str, Any]], _: Mapping[str, Any]) -> Places:
    """The notifications of a budget, each with whom it tells."""
    lists = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}

    def notification(value: Mapping[str, Any]) -> dict[str, Any]:
        told = [(kind, each) for key, kind in lists.items() for each in value.get(key, ())]
        return {
            "notification": {key: each for key, each in value.items() if key not in lists},
            "subscribers": [{"subscriptionType": kind, "address": each} for kind, each in told],
        }

    return {"NotificationsWithSubscribers": [notification(value) for value in values]}


def moment(place: str) -> Callable[[str, Any], Places]:
    """A point in time of a budget, `2026-01-01_00:00`."""
    return lambda text, _: {place: text.replace("_", "T")}
