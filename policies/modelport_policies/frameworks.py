"""The frameworks whose requirements controls give evidence for."""

from __future__ import annotations

from typing import NamedTuple

FRAMEWORKS = {
    "CCPA": "California Consumer Privacy Act",
    "CIS AWS": "CIS Amazon Web Services Foundations Benchmark",
    "CIS GCP": "CIS Google Cloud Platform Foundation Benchmark",
    "CIS K8s": "CIS Kubernetes Benchmark",
    "EU AI Act": "Regulation (EU) 2024/1689",
    "FinOps": "FinOps Framework",
    "GDPR": "Regulation (EU) 2016/679",
    "HIPAA": "HIPAA Security and Privacy Rules, 45 CFR 164",
    "ISO27001": "ISO/IEC 27001:2022",
    "ISO27018": "ISO/IEC 27018",
    "ISO27701": "ISO/IEC 27701",
    "ISO42001": "ISO/IEC 42001:2023",
    "MCSB": "Microsoft cloud security benchmark",
    "NIST": "NIST SP 800-53 Rev. 5",
    "NIST AI RMF": "NIST AI Risk Management Framework 1.0",
    "NSA K8s hardening": "NSA and CISA Kubernetes Hardening Guide",
    "PCI": "PCI DSS 4.0",
    "PSS": "Kubernetes Pod Security Standards",
    "SLSA": "Supply-chain Levels for Software Artifacts",
    "SOC2": "SOC 2 Trust Services Criteria",
}
"""Full names by the short names with which the references of controls begin."""
_LONGEST_FIRST = sorted(FRAMEWORKS, key=len, reverse=True)


class Requirement(NamedTuple):
    """A requirement of a framework; `id` is empty where a control serves the framework as a whole."""

    framework: str
    id: str


def requirement(reference: str) -> Requirement:
    """The requirement that a control's reference names: `NIST AI RMF MAP 1` is `MAP 1` of `NIST AI RMF`.

    The last word is the id in a framework that is not known, such as a company's own.
    """
    for framework in _LONGEST_FIRST:
        if reference == framework or reference.startswith(f"{framework} "):
            return Requirement(framework, reference[len(framework) + 1 :])
    framework, _, id_ = reference.rpartition(" ")
    return Requirement(framework or reference, id_ if framework else "")
