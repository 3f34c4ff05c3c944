import typer

from modelport.cli.console import counted, say, say_json
from modelport.cli.errors import FAILED
from modelport.cli.services import find_service

from .options import AsJson, ServiceOrFile


def lint(service: ServiceOrFile, as_json: AsJson = False) -> None:
    """Find what keeps a service from running on every target. Fails where it cannot run as it is written."""
    from modelport.reports import portability
    from modelport.spec import load_service

    findings = portability.lint(load_service(find_service(service)))
    errors = sum(finding.limit.severity == "error" for finding in findings)
    if as_json:
        say_json({"findings": [finding.to_json() for finding in findings]})
    else:
        for finding in findings:
            say(str(finding))
        say(f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}")
        say(f"next: modelport compare {service}")
    if errors:
        raise typer.Exit(FAILED)
