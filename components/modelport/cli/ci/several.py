"""The reports of several stacks as one file each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.etree import ElementTree as Xml

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
COUNTED = ("tests", "failures", "errors", "skipped")


def one_sarif(reports: Mapping[str, str]) -> str:
    """SARIF of each stack as a run of its own, which code scanning tells apart by its category."""
    logs = {stack: json.loads(text) for stack, text in reports.items()}
    runs = [
        {"automationDetails": {"id": f"modelport/{stack}/"}, **run}
        for stack, log in logs.items()
        for run in log["runs"]
    ]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=2) + "\n"


def one_junit(reports: Mapping[str, str]) -> str:
    """JUnit of all stacks; the name of each suite begins with its stack."""
    root = Xml.Element("testsuites", {"name": "modelport ci preview"})
    for stack, text in reports.items():
        for suite in Xml.fromstring(text):  # noqa: S314 (we wrote it ourselves)
            suite.set("name", f"{stack}: {suite.get('name')}")
            root.append(suite)
    for count in COUNTED:
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
