import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelport.plan.tags import tags
from modelport.spec import Environment, Governance, Metadata, Model, ModelSpec, Security
from modelport.targets import NAMES, load

ENVIRONMENT = Environment(stack="dev", targets=("local",), environment="test")
RULES = {name: load(name).tag_rule for name in NAMES}


def service(**metadata):
    return ModelSpec(
        metadata=Metadata(name="fraud", **metadata),
        model=Model(source="fraud.onnx"),
        security=Security(data_class="personal"),
        governance=Governance(risk_class="high"),
    )


def test_every_resource_says_who_owns_it_what_it_is_and_how_sensitive():
    spec = service(owner="Risk Team", cost_center="4711", labels={"team": "blue"})
    assert tags(spec, ENVIRONMENT, RULES["local"]) == {
        "team": "blue",
        "owner": "Risk Team",
        "costCenter": "4711",
        "service": "fraud",
        "stack": "dev",
        "environment": "test",
        "dataClass": "personal",
        "riskClass": "high",
        "managedBy": "modelport",
    }


def test_what_nobody_said_has_no_tag():
    assert "owner" not in tags(service(), ENVIRONMENT, RULES["local"])


def test_tags_are_spelled_as_the_platform_takes_them():
    spec = service(owner="Risk & Fraud <risk@example.com>", cost_center="EU/4711")
    found = tags(spec, ENVIRONMENT, RULES["vertex"])
    assert (found["owner"], found["cost_center"], found["data_class"]) == (
        "risk-fraud-risk-example-com",
        "eu-4711",
        "personal",
    )
    assert tags(spec, ENVIRONMENT, RULES["kubernetes"])["owner"] == "Risk-Fraud-risk-example.com"
    assert tags(spec, ENVIRONMENT, RULES["sagemaker"])["owner"] == "Risk - Fraud -risk@example.com"


TEXT = st.text(min_size=1, max_size=600).filter(str.strip)
TAKEN = {
    "kubernetes": r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
    "sagemaker": r"[\w\s.:/=+@-]+",
    "vertex": r"[a-z0-9_-]+",
    "azureml": r"[^<>%&\\?/\x00-\x1f]+",
}


@pytest.mark.parametrize("target", TAKEN)
@given(
    text=st.text(min_size=1, max_size=600).filter(str.strip),
    label=st.from_regex(r"[a-zA-Z][ -~]{0,200}", fullmatch=True),
)
def test_whatever_is_written_becomes_tags_that_the_platform_takes(target, text, label):
    rule = RULES[target]
    found = tags(service(owner=text, labels={label: text}), ENVIRONMENT, rule)
    for key, value in found.items():
        assert re.fullmatch(TAKEN[target], key) and len(key) <= rule.key_length
        assert re.fullmatch(TAKEN[target], value) and len(value) <= rule.value_length


def test_a_label_cannot_hide_what_modelport_says():
    assert tags(service(labels={"managedBy": "me"}), ENVIRONMENT, RULES["local"])["managedBy"] == "modelport"
