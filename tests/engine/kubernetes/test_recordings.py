"""Pulumi's own plugin, version 4.34.2, on a real cluster: what it was asked and what it answered."""

import gzip
import json
import re
from functools import cache
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict

from modelport_engine.kubernetes.engine_log import EngineLog
from modelport_engine.kubernetes.objects import from_properties
from modelport_engine.kubernetes.ownership import taken_over
from modelport_engine.kubernetes.provider import KubernetesProvider
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.values import from_struct, to_struct

FILE = Path(__file__).parents[1] / "recordings" / "kubernetes.json.gz"


@cache
def recorded(method):
    return [each for each in json.loads(gzip.decompress(FILE.read_bytes())) if each["method"] == method]


def provider():
    return KubernetesProvider(EngineLog("127.0.0.1:1"))


def without_digits(answer, name):
    return json.loads(re.sub(rf"{name}-[0-9a-f]{{8}}", f"{name}-DIGITS", json.dumps(answer)))


@pytest.mark.parametrize("call", recorded("Check"), ids=lambda call: f"{call['scenario']}-{call['request']['name']}")
def test_inputs_are_checked_as_by_the_plugin(call):
    answer = provider().Check(ParseDict(call["request"], pb.CheckRequest()), None)
    name = call["request"]["name"]
    assert without_digits(MessageToDict(answer), name) == without_digits(call["response"], name)


@pytest.mark.parametrize("call", recorded("Diff"), ids=lambda call: f"{call['scenario']}-{call['request']['name']}")
def test_changes_are_seen_as_by_the_plugin_in_the_state_that_it_left(call):
    answer = provider().Diff(ParseDict(call["request"], pb.DiffRequest()), None)
    assert MessageToDict(answer) == call["response"]


def test_the_provider_itself_is_checked_and_compared_as_by_the_plugin():
    for call in recorded("CheckConfig"):
        answer = provider().CheckConfig(ParseDict(call["request"], pb.CheckRequest()), None)
        assert MessageToDict(answer) == call["response"]
    for call in recorded("DiffConfig"):
        answer = provider().DiffConfig(ParseDict(call["request"], pb.DiffRequest()), None)
        assert MessageToDict(answer) == call["response"]


def test_fields_that_the_plugin_created_are_taken_over_by_the_manager_that_its_state_names():
    created = [call for call in recorded("Create") if not call["request"].get("preview")]
    assert len(created) > 4
    for call in created:
        state = from_struct(to_struct(call["response"]["properties"]))
        live = from_properties(state)
        manager = state["__fieldManager"]
        entries = taken_over(live, manager)
        assert [(each["manager"], each["operation"]) for each in entries] == [(manager, "Apply")]
        assert entries[0]["fieldsV1"] == live["metadata"]["managedFields"][0]["fieldsV1"]
        live["metadata"]["managedFields"] = entries
        assert taken_over(live, manager) is None
