from __future__ import annotations

from .resources import BUDGET, Resources

ALARM_PERCENT = 80
NAME_LENGTH, MADE_UP = 100, 26
"""Most characters of a name, and how many of them the provider makes up."""


def budget(own: Resources) -> None:
    """A monthly budget over what bears the service's tag, where the service has one; the topic hears of its end.

    The tag counts once it is active as a cost allocation tag in the account that pays:
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
    """
    plan = own.plan
    asked, topic = plan.spec.budget, plan.environment.existing.topic
    if asked is None:
        return
    notice = {"comparisonOperator": "GREATER_THAN", "threshold": ALARM_PERCENT, "thresholdType": "PERCENTAGE"}
    heard = {**notice, "notificationType": "FORECASTED", "subscriberSnsTopicArns": [topic]}
    inputs = {
        "namePrefix": own.prefix("budget", NAME_LENGTH - MADE_UP),  # an account has its budgets in no region
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": f"{asked.amount:g}",
        "limitUnit": asked.currency,
        "costFilters": [{"name": "TagKeyValue", "values": [f"user:service${plan.name}"]}],
        **({"notifications": [heard]} if topic else {}),
    }
    own.make(BUDGET, "budget", inputs)
