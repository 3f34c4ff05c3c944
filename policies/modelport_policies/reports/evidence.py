"""What an auditor asks for: by framework and requirement, which controls were judged on which resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelport_policies.frameworks import FRAMEWORKS, requirement
from modelport_policies.reports.place import Place
from modelport_policies.results import Result, Review

CLAIM = "Results of controls that support evidence for the requirements named. They do not state compliance."
VERSION = 1


def report(review: Review, _places: Mapping[str, Place]) -> str:
    """Framework -> requirement -> control -> resource -> result, with what passed. `evidence.schema.json` beside this
    module is its schema.
    """
    found: dict[str, list[Result]] = {}
    for each in review.results:
        found.setdefault(each.control.id, []).append(each)
    frameworks: dict[str, dict[str, Any]] = {}
    for results in found.values():
        control = results[0].control
        for reference in control.frameworks:
            framework, id_ = requirement(reference)
            named = frameworks.setdefault(framework, {"name": FRAMEWORKS.get(framework, framework), "requirements": {}})
            named["requirements"].setdefault(id_ or "all", {})[control.id] = _judged(results)
    evidence = {
        "version": VERSION,
        "claim": CLAIM,
        "profile": review.profile,
        "frameworks": {name: frameworks[name] for name in sorted(frameworks)},
    }
    return json.dumps(evidence, indent=2, ensure_ascii=False) + "\n"


def _judged(results: list[Result]) -> dict[str, Any]:
    control = results[0].control
    return {
        "title": control.title,
        "severity": control.severity,
        "level": results[0].level,
        "results": [_row(each) for each in results],
    }


def _row(result: Result) -> dict[str, Any]:
    accepted = {"suppressed": True, "justification": str(result.exemption)} if result.exemption else {}
    said = {"messages": list(result.messages)} if result.messages else {}
    return {"resource": result.urn, "result": result.verdict, **said, **accepted}
