"""What the policy pack finds in resources that a program has planned."""

import modelport_policies


def violations(planned, profile="standard", **parameters):
    """(control, level, logical name) of each, for Kubernetes objects by their logical names; parameters by control."""
    rows = [
        {"type": token(inputs), "urn": f"urn:pulumi:dev::test::{token(inputs)}::{name}", "inputs": inputs}
        for name, inputs in planned.items()
        if "apiVersion" in inputs
    ]
    report = modelport_policies.check({"deployment": {"resources": rows}}, profile, parameters=parameters)
    assert report["evaluated"]
    assert not report["undecided"]
    return {(each["rule"], each["level"], each["urn"].rpartition("::")[2]) for each in report["violations"]}


def token(manifest):
    """The type of a manifest."""
    version = manifest["apiVersion"]
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"
