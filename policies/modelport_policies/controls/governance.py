"""GOV: who answers for the model, and for the exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelport_policies.control import Control, Levels, NotApplicable
from modelport_policies.resource import Resource

COMPONENTS = tuple(
    f"modelport:{target}:Service" for target in ("local", "kubernetes", "sagemaker", "vertex", "azureml")
)
RISK_CLASSES = ("minimal", "limited", "high")


def risk_class_is_declared(service: Resource) -> Iterable[str]:
    """`governance.riskClass` is minimal, limited or high, unless `environment` is dev or test."""
    environment = service.at("environment")
    if environment in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production, before which the risk class is due")
    risk_class = service.at("governance", "riskClass")
    if risk_class not in RISK_CLASSES:
        yield f"the risk class is {risk_class or 'not declared'}; it is one of {', '.join(RISK_CLASSES)}"


CONTROLS = (
    Control(
        id="GOV-05",
        title="The risk class of the use is declared before production",
        severity="high",
        levels=Levels("disabled", "mandatory", "mandatory"),
        frameworks=("EU AI Act 6", "EU AI Act 9", "EU AI Act 26", "ISO42001 A.5"),
        remediation="Set governance.riskClass of the service to minimal, limited or high.",
        checks=dict.fromkeys(COMPONENTS, risk_class_is_declared),
    ),
)


def exemptions_in_order(problems: Sequence[str]) -> Control:
    """The control over the exemptions file, judged on the stack itself: that is registered before anything else."""

    def every_exemption_holds(_stack: Resource) -> Iterable[str]:
        """No input: every entry of the exemptions file names a control, an owner and a reason, and has not expired."""
        return problems

    return Control(
        id="GOV-12",
        title="Every exemption names an owner, a reason and a date that has not passed",
        severity="high",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=("NIST CA-5", "SOC2 CC4.2", "ISO27001 A.5.36"),
        remediation="Correct, renew or remove the entry at the line that is named. Until then it exempts nothing.",
        checks={"pulumi:pulumi:Stack": every_exemption_holds},
    )
