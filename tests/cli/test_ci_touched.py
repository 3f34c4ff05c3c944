from pathlib import Path

import pytest

from modelport.cli.ci.touched import Layout, plans, touched

STACK = "config:\n  modelport:services: [{}]\n"
RELEASE = "  modelport:releases: {fraud: {candidate: {model: {source: models/next.onnx}}}}\n"


def project(folder, **files):
    """A project with the services fraud (in both stacks) and spam (in prod), and a model each."""
    there = {
        "Pulumi.yaml": "name: shop\nruntime: python\n",
        "Pulumi.dev.yaml": STACK.format("fraud") + RELEASE,
        "Pulumi.prod.yaml": STACK.format("fraud, spam"),
        "services/fraud.yaml": "model: {source: ../models/fraud.onnx}\n",
        "services/spam.yaml": "model: {source: ../models/spam}\npipeline: {steps: [{model: {source: 's3://a/b'}}]}\n",
        **files,
    }
    for name, text in there.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Layout.of(folder)


@pytest.fixture
def layouts(tmp_path):
    return project(tmp_path / "base"), project(tmp_path / "head")


@pytest.mark.parametrize(
    ("changed", "planned"),
    [
        ([], {}),
        (["README.md", ".github/workflows/x.yml", "LICENSE", "docs/a.md"], {}),
        (["services/fraud.yaml"], {"dev": {"fraud"}, "prod": {"fraud"}}),
        (["services/spam.yaml"], {"prod": {"spam"}}),
        (["models/fraud.onnx"], {"dev": {"fraud"}, "prod": {"fraud"}}),
        (["models/spam/weights.bin"], {"prod": {"spam"}}),
        (["services/gone.yaml"], {"dev": None, "prod": None}),
        (["Pulumi.dev.yaml"], {"dev": None}),
        (["Pulumi.dev.yaml", "services/spam.yaml"], {"dev": None, "prod": {"spam"}}),
        (["services/fraud.yaml", "services/spam.yaml"], {"dev": {"fraud"}, "prod": {"fraud", "spam"}}),
        (["__main__.py"], {"dev": None, "prod": None}),
        (["requirements.txt", "services/fraud.yaml"], {"dev": None, "prod": None}),
        (["policies/exemptions.yaml"], {}),
    ],
)
def test_what_is_planned_is_what_a_change_can_be_about(layouts, changed, planned):
    found = touched(map(Path, changed), *layouts)
    assert plans(found, *layouts) == planned
    assert list(map(str, found.policies)) == [name for name in changed if name.startswith("policies/")]


def test_a_candidate_s_model_of_one_stack_touches_its_service(tmp_path):
    here = project(tmp_path, **{"services/fraud.yaml": "model: {source: ../models/other.onnx}\n"})
    assert touched([Path("services/models/next.onnx")], here, here).services == {"fraud"}


def test_a_service_that_comes_or_goes_is_planned_where_either_side_has_it(tmp_path):
    base = project(tmp_path / "base")
    head = project(tmp_path / "head", **{"Pulumi.prod.yaml": STACK.format("fraud"), "services/new.yaml": "{}"})
    assert plans(touched([Path("services/spam.yaml")], base, head), base, head) == {"prod": {"spam"}}
    assert plans(touched([Path("services/new.yaml")], base, head), base, head) == {}


@pytest.mark.parametrize("shares", ["base", "head"])
def test_where_services_share_pools_the_stack_is_planned_whole(tmp_path, shares):
    pools = {"Pulumi.dev.yaml": STACK.format("fraud") + "  modelport:gpuPools: {a: {}}\n"}
    base, head = (project(tmp_path / side, **(pools if side == shares else {})) for side in ("base", "head"))
    found = touched([Path("services/fraud.yaml")], base, head)
    assert plans(found, base, head) == {"dev": None, "prod": {"fraud"}}
    assert plans(found, base, head, whole=["prod"]) == {"dev": None, "prod": None}


@pytest.mark.parametrize("text", ["{", "- a", "config: [", "model: {source: [1]}"])
def test_a_file_that_cannot_be_read_counts_as_empty(tmp_path, text):
    here = project(tmp_path, **{"services/fraud.yaml": text, "Pulumi.dev.yaml": text})
    assert touched([Path("services/fraud.yaml")], here, here).services == {"fraud"}
    assert here.services_of("dev") == set()


def test_a_source_outside_the_project_is_none_of_its_files(tmp_path):
    here = project(tmp_path, **{"services/fraud.yaml": "model: {source: ../../elsewhere.onnx}\n"})
    assert "fraud" not in {name for path, name in here.models() if "elsewhere" in str(path)}
