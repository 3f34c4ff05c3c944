"""The escape hatch."""

import pulumi
import pytest
from support.program import Program

from modelport import LocalService, ModelService


def patch(properties=None, options=None, name="fraud-server"):
    return {"resources": {name: {"properties": properties or {}, "options": options or {}}}}


def test_a_property_is_merged_last(local):
    assert local(patch({"port": 18080})).inputs["fraud-server"]["port"] == 18080


def test_a_map_is_merged_into_the_map_that_is_there(local):
    tags = local(patch({"tags": {"owner": "me", "stack": None}})).inputs["fraud-server"]["tags"]
    assert (tags["owner"], tags["service"]) == ("me", "fraud")
    assert "stack" not in tags


def test_null_removes_a_property(local):
    assert "requestBytes" not in local(patch({"requestBytes": None})).inputs["fraud-server"]


def test_an_option_is_set(local):
    assert local(patch(options={"protect": True})).request("fraud-server").protect


def test_a_patch_of_another_service_is_left_to_it(local):
    assert "port" not in local(patch({"port": 18080}, name="other-server")).inputs["fraud-server"]


@pytest.mark.parametrize(
    ("given", "path", "hint"),
    [
        (patch(name="fraud-servre"), "modelport:resources.fraud-servre", "fraud-server"),
        (patch({"prot": 1}), "modelport:resources.fraud-server.properties.prot", "port"),
        (patch(options={"protected": True}), "modelport:resources.fraud-server.options.protected", "protect"),
    ],
)
def test_a_typo_is_an_error_with_the_nearest_name(args, given, path, hint):
    service = args(given)

    def run():
        with pytest.raises(pulumi.RunError) as failed:
            LocalService("fraud", service)
        assert path in str(failed.value)
        assert f"Did you mean {hint}?" in str(failed.value)

    Program.run(run)


def test_every_typo_is_told_at_once(args):
    service = args(patch({"prot": 1, "hots": 2}, {"protected": True}))

    def run():
        with pytest.raises(pulumi.RunError, match="3 problems, nothing was changed"):
            LocalService("fraud", service)

    Program.run(run)


def test_a_patch_of_no_service_of_the_stack_is_an_error(args):
    service = args({**patch(name="frud-local-server"), "services": ("fraud", "vision")})

    def run():
        with pytest.raises(pulumi.RunError, match="Did you mean fraud-local-server"):
            ModelService("fraud", service)

    assert Program.run(run).requests == []
