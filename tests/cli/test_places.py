import pytest

from modelport.cli.places import places
from modelport.cli.workspace import Workspace

STACK, SERVICE, SERVER, KEY = (f"urn:pulumi:dev::shop::{name}" for name in ("stack", "fraud", "server", "key"))
ROWS = [
    {"urn": STACK, "type": "pulumi:pulumi:Stack"},
    {"urn": SERVICE, "type": "modelport:index:ModelService", "parent": STACK},
    {"urn": f"{SERVICE}-local", "type": "modelport:local:Service", "parent": SERVICE},
    {"urn": SERVER, "type": "modelport:local:Server", "parent": f"{SERVICE}-local"},
    {"urn": KEY, "type": "aws:kms/key:Key", "parent": STACK},
]


@pytest.mark.parametrize(("top", "before"), [(".", "deploy/shop/"), ("deploy/shop", "")])
def test_resources_lead_to_the_service_file_or_the_stack_file_from_the_top_of_the_repository(tmp_path, top, before):
    root = tmp_path / "deploy" / "shop"
    (root / "services").mkdir(parents=True)
    (root / "services" / "fraud.yaml").touch()
    (tmp_path / top / ".git").mkdir()
    found = places(Workspace(root, "dev", root / "Pulumi.dev.yaml", root / "services", {}), ROWS)
    assert {urn: place.file for urn, place in found.items()} == {
        **dict.fromkeys([STACK, SERVICE, KEY], f"{before}Pulumi.dev.yaml"),
        **dict.fromkeys([f"{SERVICE}-local", SERVER], f"{before}services/fraud.yaml"),
    }
    assert {place.line for place in found.values()} == {1}


def test_a_service_without_a_file_of_its_name_and_a_folder_without_a_repository_lead_to_the_stack_file(tmp_path):
    workspace = Workspace(tmp_path, "dev", tmp_path / "Pulumi.dev.yaml", tmp_path / "services", {})
    assert {place.file for place in places(workspace, ROWS).values()} == {"Pulumi.dev.yaml"}
