"""The conformance kit: whether a live server does what the protocols demand, whoever wrote it."""

from modelport.conformance.check import Check, Result
from modelport.conformance.client import Client, Unreachable
from modelport.conformance.judge import WIRES, checks, judge, spoken, subject_of_server
from modelport.conformance.session import SAGEMAKER_LIMIT, Session
from modelport.conformance.subject import Subject

__all__ = [
    "SAGEMAKER_LIMIT",
    "WIRES",
    "Check",
    "Client",
    "Result",
    "Session",
    "Subject",
    "Unreachable",
    "checks",
    "judge",
    "spoken",
    "subject_of_server",
]
