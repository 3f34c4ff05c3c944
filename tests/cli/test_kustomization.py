"""Objects as files."""

import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from modelport.cli.errors import UsageError
from modelport.cli.kustomization import files

MARK = "Written for test."
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


def config_map(name="settings", namespace="team", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def text_of(**data):
    return files([config_map(**data)], [], MARK)["configmap-settings.yaml"]


def readings(text):
    """What readers of both versions of YAML see."""
    return yaml.safe_load(text), YAML(typ="safe", pure=True).load(io.StringIO(text))


@given(values)
def test_a_value_is_read_as_it_was_written(value):
    text = files([{**config_map(), "data": value}], [], MARK)["configmap-settings.yaml"]
    assert [each["data"] for each in readings(text)] == [value, value]


@pytest.mark.parametrize("text", ["y", "N", "on", "Yes", "null", "~", "010", "1e3", "0x1f", "12:30:45", "1.10", ""])
def test_a_text_that_some_readers_take_for_something_else_is_quoted(text):
    assert f'value: "{text}"\n' in text_of(value=text)


def test_lines_stay_lines():
    assert 'config: |\n    one: 1\n    two: "2"\n' in text_of(config='one: 1\ntwo: "2"\n')


def test_keys_have_one_order_whatever_order_they_came_in():
    one, other = config_map(a="1", b="2"), config_map(b="2", a="1")
    assert files([one], [], MARK) == files([dict(reversed(other.items()))], [], MARK)


def test_objects_of_one_name_have_files_of_their_own():
    service = {"kind": "Service", "metadata": {"name": "web", "namespace": "team"}}
    both = [{**service, "apiVersion": "v1"}, {**service, "apiVersion": "serving.knative.dev/v1"}]
    elsewhere = [config_map("a"), config_map("a", "other"), config_map("b")]
    assert list(files([*both, *elsewhere], [], MARK)) == [
        "service-web_team.yaml",
        "service-web_team_serving.knative.dev.yaml",
        "configmap-a_team.yaml",
        "configmap-a_other.yaml",
        "configmap-b.yaml",
        "kustomization.yaml",
    ]


def test_an_object_that_two_resources_want_is_refused():
    with pytest.raises(UsageError, match=r"configmap-settings_team\n  is wanted by two resources"):
        files([config_map(a="1"), config_map(a="2")], [], MARK)


def test_a_name_that_is_none_of_a_file_becomes_one():
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "a:b/../C"}}
    assert next(iter(files([role], [], MARK))) == "clusterrole-a-b-..-c.yaml"
