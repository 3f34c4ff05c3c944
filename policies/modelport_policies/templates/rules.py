"""Rules of our own. Every preview judges by them, too, with the same profiles, parameters, exemptions and reports."""

from collections.abc import Iterable

from modelport_policies.control import ADVICE, Control, parameter
from modelport_policies.resource import Resource


def team_is_named(deployment: Resource) -> Iterable[str]:
    """The label `team` is one of the parameter `teams`."""
    team = deployment.at("metadata", "labels", "team")
    if team not in deployment.parameters["teams"]:
        yield f"its team is {team or 'not named'}; it is one of {', '.join(deployment.parameters['teams'])}"


CONTROLS = [
    Control(
        id="ACME-01",
        title="A deployment says which team it is of",
        severity="low",
        levels=ADVICE,
        frameworks=("ACME handbook 3",),
        remediation="Set the label team.",
        checks={"kubernetes:apps/v1:Deployment": team_is_named},
        parameters={"teams": parameter("The teams.", ["vision", "fraud"])},
    ),
]
