from time import process_time

import pytest
from support.policy_cases import resource

from modelport_policies.controls.kubernetes.monitoring import RULES, failures_are_noticed, questions
from modelport_policies.kubernetes import DEPLOYMENT
from modelport_policies.measured import MEASURED, is_about
from modelport_policies.resource import Stack

HERE = {"namespace": "digits"}
LONG = 100_000


def found(rules):
    template = {"metadata": {"labels": {"app": "digits"}}}
    around = [
        resource(DEPLOYMENT, {"metadata": HERE, "spec": {"template": template}}),
        resource(RULES, {"metadata": HERE, "spec": {"groups": [{"rules": rules}]}}),
    ]
    monitor = {"metadata": HERE, "spec": {"selector": {}}}
    judged = resource("kubernetes:monitoring.coreos.com/v1:PodMonitor", monitor, Stack(around))
    object.__setattr__(judged, "parameters", {"alertmanager": "on-call"})
    return list(failures_are_noticed(judged))


def test_a_chain_of_rules_is_followed_to_its_end():
    chain = [{"record": f"r{each}", "expr": f"r{each + 1} + 1"} for each in range(1500)]
    end = {"record": "r1500", "expr": "errors_total + queue_length"}
    alerts = [{"alert": f"a{each}", "expr": f"r{each} > 1"} for each in range(1500)]
    begun = process_time()
    assert found([*alerts, *chain, end]) == []
    assert process_time() - begun < 5


@pytest.mark.parametrize(
    "unit", ["a{", 'a{"', 'a{\\"', 'a{b="', "a", " ", 'a="\\"', "status", "statuscode_", 'code="', 'code=~"5', "(1 -"]
)
def test_no_expression_takes_long(unit):
    expression = "a" + unit * (LONG // len(unit))
    begun = process_time()
    for question in questions([{"expr": expression}], ()):
        for name in MEASURED:
            is_about(name, question)
    assert process_time() - begun < 5
