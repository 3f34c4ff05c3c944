import json
import subprocess

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML
from support.services import WATCHED, service

from modelport.monitoring import dashboard
from modelport.monitoring.prometheus.files import files
from modelport.monitoring.prometheus.grafana import to_dashboard
from modelport.monitoring.prometheus.scrape import Scrape

PODS = Scrape.of_pods("fraud", "ml")
BOARD = to_dashboard("fraud", "fraud-prod", dashboard(service(**WATCHED)), PODS)
GRAPHS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def dropped(given, kept, path=""):
    """What Grafana's own types have not kept of a dashboard."""
    if isinstance(given, dict):
        for name, value in given.items():
            inner = kept.get(name, KeyError) if isinstance(kept, dict) else KeyError
            yield from [f"{path}.{name}"] if inner is KeyError else dropped(value, inner, f"{path}.{name}")
    elif isinstance(given, list):
        for index, pair in enumerate(zip(given, kept, strict=True)):
            yield from dropped(*pair, f"{path}[{index}]")
    elif given != kept:
        yield f"{path}: {given} became {kept}"


def through_types(board):
    plugins.register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(board)))


def test_grafana_knows_every_field():
    assert list(dropped(BOARD, through_types(BOARD))) == []


def test_a_field_that_grafana_does_not_know_is_noticed():
    wrong = json.loads(json.dumps(BOARD))
    wrong["panels"][1]["gridPoz"] = {"x": 0}
    wrong["panels"][1]["fieldConfig"]["defaults"]["units"] = "s"
    assert sorted(dropped(wrong, through_types(wrong))) == [
        ".panels[1].fieldConfig.defaults.units",
        ".panels[1].gridPoz",
    ]


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for place in (panel["gridPos"] for panel in BOARD["panels"]):
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


@pytest.mark.program("promtool")
def test_prometheus_reads_every_query(tmp_path):
    queries = [target["expr"] for panel in GRAPHS for target in panel["targets"]]
    recorded = [{"record": f"q:{index}", "expr": query} for index, query in enumerate(queries)]
    YAML().dump({"groups": [{"name": "panels", "rules": recorded}]}, tmp_path / "queries.yaml")
    ran = subprocess.run(["promtool", "check", "rules", tmp_path / "queries.yaml"], capture_output=True, text=True)
    assert (ran.returncode, f"{len(queries)} rules found" in ran.stdout) == (0, True), ran.stdout + ran.stderr


def test_every_panel_asks_the_chosen_data_source():
    (variable,) = BOARD["templating"]["list"]
    assert (variable["type"], variable["query"]) == ("datasource", "prometheus")
    assert {panel["datasource"]["uid"] for panel in GRAPHS} == {f"${{{variable['name']}}}"}


def test_two_stacks_have_two_dashboards_that_grafana_can_tell_apart():
    boards = [
        json.loads(files([service("s" * 32)], stack)["s" * 32 + ".dashboard.json"]) for stack in ("dev", "a/prod")
    ]
    assert len({board["uid"] for board in boards}) == 2
    assert all(len(board["uid"]) <= 40 for board in boards)


def test_a_dashboard_shows_what_the_service_has():
    titles = [panel["title"] for panel in GRAPHS]
    assert {"Accelerators", "Drift: population stability index", "latency-p99, 99 %: bad requests"} <= set(titles)
    plain = to_dashboard("fraud", "fraud-prod", dashboard(service()), Scrape.of_job("fraud"))
    assert not [panel for panel in plain["panels"] if "Drift" in panel["title"] or "Accel" in panel["title"]]
