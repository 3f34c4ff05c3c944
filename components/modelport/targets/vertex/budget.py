from __future__ import annotations

import pulumi

from .project import Project
from .resources import BUDGET, Resources

ALARM_SHARE = 0.8


def budget(own: Resources, project: Project) -> None:
    """A monthly budget over what bears the service's label, where the service has one.

    Who may see costs hears of its end by e-mail: https://cloud.google.com/billing/docs/how-to/budgets
    """
    asked = own.plan.spec.budget
    if asked is None:
        return
    units, nanos = divmod(round(float(asked.amount) * 10**9), 10**9)
    amount = {"currencyCode": asked.currency, "units": str(units), **({"nanos": nanos} if nanos else {})}
    service = {
        "projects": [pulumi.Output.concat("projects/", project.number)],
        "labels": {"service": own.plan.tags["service"]},
    }
    inputs = {
        "billingAccount": project.billing_account,
        "displayName": own.plan.names.of(),
        "amount": {"specifiedAmount": amount},
        "budgetFilter": {**service, "calendarPeriod": "MONTH"},
        "thresholdRules": [{"thresholdPercent": ALARM_SHARE, "spendBasis": "FORECASTED_SPEND"}],
    }
    own.make(BUDGET, "budget", inputs)
