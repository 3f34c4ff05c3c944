"""JUnit's XML, for CI systems that show tests: a suite per control, a case per resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from xml.etree import ElementTree as Xml

from modelport_policies.reports.place import Place
from modelport_policies.results import Result, Review

ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, not even escaped."""


def report(review: Review, _places: Mapping[str, Place]) -> str:
    """Only what stops an update is a failure. Advice passes and is told in `system-out`; what is exempted, undecided
    or not applicable is skipped with its reason.
    """
    suites = [_suite(control, list(found)) for control, found in groupby(review.results, lambda each: each.control.id)]
    root = Xml.Element("testsuites", _counted(suites, name=f"policies, {review.profile}"))
    root.extend(suites)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(control: str, results: list[Result]) -> Xml.Element:
    cases = [_case(each) for each in results]
    skipped, failures = (sum(case.find(kind) is not None for case in cases) for kind in ("skipped", "failure"))
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}
    suite = Xml.Element("testsuite", {"name": f"{control} {results[0].control.title}", **counts, "time": "0"})
    suite.extend(cases)
    return suite


def _case(result: Result) -> Xml.Element:
    case = Xml.Element("testcase", {"classname": result.control.id, "name": _text(result.urn or "stack"), "time": "0"})
    said = _text("; ".join(result.messages))
    if result.verdict == "violated" and result.level == "advisory":
        Xml.SubElement(case, "system-out").text = f"advisory: {said}"
    elif result.verdict == "violated":
        failure = Xml.SubElement(case, "failure", {"message": said, "type": result.level})
        failure.text = f"{said}\n{_text(result.control.remedy(result.type))}"
    elif result.verdict != "passed":
        why = f"{said} ({_text(str(result.exemption))})" if result.exemption else said
        Xml.SubElement(case, "skipped", {"message": f"{SKIPPED[result.verdict]}: {why}"})
    return case


SKIPPED = {"exempted": "exempted", "undecided": "undecided", "notApplicable": "not applicable"}


def _counted(suites: Iterable[Xml.Element], name: str) -> dict[str, str]:
    kinds = ("tests", "failures", "errors", "skipped")
    sums = {kind: str(sum(int(suite.attrib[kind]) for suite in suites)) for kind in kinds}
    return {"name": name, **sums, "time": "0"}


def _text(text: str) -> str:
    return ILLEGAL.sub("\ufffd", text)
