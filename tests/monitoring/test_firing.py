"""What fires and what does not, as promtool evaluates the rules over series that it is given."""

import subprocess
from dataclasses import dataclass

import pytest
from ruamel.yaml import YAML
from support.services import WATCHED, service

from modelport.monitoring import alert_rules
from modelport.monitoring.prometheus.rules import alert_name, rule_group
from modelport.monitoring.prometheus.scrape import Scrape

RULES = {rule.name: rule for rule in alert_rules(service(**WATCHED))}
GROUP = rule_group(list(RULES.values()), Scrape.of_pods("fraud", "ml"))
ALERTS = {rule["labels"]["rule"]: rule for rule in GROUP["rules"] if "alert" in rule}

BURNS = ("1h", "6h", "1d", "3d")
OF_A = '{instance="a"}'
OF_B = '{instance="b"}'
PODS = 'gpu="0",namespace="ml",pod="fraud-1"'
OK = 'modelport_requests_total{route="v2_infer",status="200"}'
FAILED = 'modelport_requests_total{route="v2_infer",status="500"}'
AWAY = 'modelport_requests_total{route="v2_infer",status="429"}'
ALL = 'modelport_request_duration_seconds_count{route="v2_infer"}'
QUICK = 'modelport_request_duration_seconds_bucket{route="v2_infer",le="0.05"}'
WAITING = 'modelport_requests_waiting{model="m",version="1",instance="%s"}'
MODEL = 'modelport_model_info{model="m",version="1",digest="sha256:1"}'
NEWER = 'modelport_model_info{model="m",version="2",digest="sha256:2"}'
MOVED = {"version": "1", "side": "input", "feature": "age"}
PSI = 'modelport_drift_psi{model="m",version="1",side="input",feature="age"}'
USED, FREE = "DCGM_FI_DEV_FB_USED{%s}" % PODS, "DCGM_FI_DEV_FB_FREE{%s}" % PODS  # noqa: UP031

HEALTHY = {
    **{f"{metric}{each}": "1+0x350" for each in (OF_A, OF_B) for metric in ("up", "modelport_ready")},
    **{f"modelport_requests_inflight{each}": "2+0x350" for each in (OF_A, OF_B)},
    **{WAITING % each: "0+0x350" for each in "ab"},
    **{f"modelport_cpu_seconds_total{each}": "0+12x350" for each in (OF_A, OF_B)},
    **{f"modelport_memory_bytes{each}": "1e9+0x350" for each in (OF_A, OF_B)},
    OK: "0+600x350",
    ALL: "0+600x350",
    QUICK: "0+600x350",
    MODEL: "1+0x350",
    PSI: "0.05+0x350",
    USED: "50+0x350",
    FREE: "50+0x350",
}
"""Two instances that answer 600 requests a step, all of them well and quickly."""


@dataclass(frozen=True)
class Scenario:
    """What is otherwise than in health, and which rules then fire at `at`: those and no others.

    Attributes:
        series: by their names; None takes one away.
        spares: rules that come near to firing, and must not.
        step: between two values, and between two evaluations.
    """

    series: dict[str, str | None]
    fires: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    at: str = "70m"
    step: str = "2m"


def burns(objective, *windows):
    return tuple(f"{objective}-burn-{window}" for window in windows)


def failing(share, fires):
    spared = burns("availability", *(window for window in BURNS if window not in fires))
    return Scenario({FAILED: f"0+{600 * share / (1 - share)}x350"}, burns("availability", *fires), spared)


def slow(share, fires):
    spared = burns("latency-p99", *(window for window in BURNS if window not in fires))
    return Scenario({QUICK: f"0+{600 * (1 - share)}x350"}, burns("latency-p99", *fires), spared)


def both(metric, values):
    return {f"{metric}{each}": values for each in (OF_A, OF_B)}


def without(*metrics):
    return {name: None for name in HEALTHY if name.startswith(metrics)}


RARE = {OK: "0+1x350", ALL: "0+1x350", QUICK: "0+1x350"}
SCENARIOS = {
    "all is well": Scenario({}, spares=("instances-missing",)),
    "0.05 % fail": failing(0.0005, ()),
    "0.2 % fail": failing(0.002, ("3d",)),
    "0.4 % fail": failing(0.004, ("1d", "3d")),
    "0.8 % fail": failing(0.008, ("6h", "1d", "3d")),
    "2 % fail": failing(0.02, BURNS),
    "all fail": Scenario({OK: None, FAILED: "0+600x350"}, burns("availability", *BURNS)),
    "many failed, half an hour ago": Scenario(
        {FAILED: "0+60x30 1800+0x200"}, burns("availability", "1d", "3d"), burns("availability", "1h", "6h"), at="92m"
    ),
    "four of few fail": Scenario({**RARE, FAILED: "0+1x4 4+0x300"}, (), burns("availability", *BURNS), at="8m"),
    "one of six fails, of few": Scenario({**RARE, FAILED: "0+0.2x350"}, burns("availability", *BURNS)),
    "callers are at fault": Scenario(
        {'modelport_requests_total{route="v2_infer",status="400"}': "0+600x350"}, (), burns("availability", *BURNS)
    ),
    "health checks fail": Scenario(
        {'modelport_requests_total{route="v2_ready",status="503"}': "0+60x350"}, (), burns("availability", *BURNS)
    ),
    "0.5 % are slow": slow(0.005, ()),
    "2 % are slow": slow(0.02, ("3d",)),
    "4 % are slow": slow(0.04, ("1d", "3d")),
    "8 % are slow": slow(0.08, ("6h", "1d", "3d")),
    "20 % are slow": slow(0.2, BURNS),
    "0.5 % are turned away": Scenario({AWAY: "0+3x350"}, (), ("requests-turned-away-ticket",)),
    "2 % are turned away": Scenario(
        {AWAY: "0+12x350"}, ("requests-turned-away-ticket",), ("requests-turned-away-page",)
    ),
    "20 % are turned away": Scenario(
        {AWAY: "0+150x350"}, ("requests-turned-away-ticket", "requests-turned-away-page")
    ),
    "a few of few are turned away": Scenario(
        {**RARE, AWAY: "0+0.5x350"}, (), ("requests-turned-away-ticket", "requests-turned-away-page")
    ),
    "instances are busy": Scenario(both("modelport_requests_inflight", "16+0x350"), ("in-flight-high",)),
    "instances are rather busy": Scenario(both("modelport_requests_inflight", "15+0x350"), (), ("in-flight-high",)),
    "requests wait": Scenario({WAITING % "a": "20+0x350", WAITING % "b": "12+0x350"}, ("queue-long",)),
    "requests wait for one instance": Scenario({WAITING % "a": "31+0x350"}, (), ("queue-long",)),
    "the cores are used up": Scenario(both("modelport_cpu_seconds_total", "0+114x350"), ("cpu-high",)),
    "the cores are rather used": Scenario(both("modelport_cpu_seconds_total", "0+102x350"), (), ("cpu-high",)),
    "the memory of one is nearly full": Scenario({f"modelport_memory_bytes{OF_B}": "2e9+0x350"}, ("memory-high",)),
    "the memory of one is rather full": Scenario(
        {f"modelport_memory_bytes{OF_B}": "1.9e9+0x350"}, (), ("memory-high",)
    ),
    "the memory is full for a moment": Scenario(
        {f"modelport_memory_bytes{OF_B}": "1e9+0x30 2e9+0x100"}, (), ("memory-high",)
    ),
    "an accelerator is full": Scenario({USED: "96+0x350", FREE: "4+0x350"}, ("accelerator-memory-high",)),
    "an accelerator is rather full": Scenario({USED: "94+0x350", FREE: "6+0x350"}, (), ("accelerator-memory-high",)),
    "an accelerator is full, as told under other labels": Scenario(
        {
            **dict.fromkeys((USED, FREE)),
            'DCGM_FI_DEV_FB_USED{exported_namespace="ml",exported_pod="fraud-1",namespace="gpu"}': "96+0x350",
            'DCGM_FI_DEV_FB_FREE{exported_namespace="ml",exported_pod="fraud-1",namespace="gpu"}': "4+0x350",
        },
        ("accelerator-memory-high",),
    ),
    "another's accelerator is full": Scenario(
        {
            'DCGM_FI_DEV_FB_USED{namespace="ml",pod="vision-1"}': "99+0x350",
            'DCGM_FI_DEV_FB_FREE{namespace="ml",pod="vision-1"}': "1+0x350",
        },
        (),
        ("accelerator-memory-high",),
    ),
    "there is nothing": Scenario(dict.fromkeys(HEALTHY), ("service-absent",), ("service-down",)),
    "there has been nothing for a moment": Scenario(dict.fromkeys(HEALTHY), (), ("service-absent",), at="4m"),
    "nobody answers": Scenario(
        {**without("modelport"), **both("up", "0+0x350")}, ("service-down",), ("service-absent", "instances-missing")
    ),
    "nobody is ready": Scenario(both("modelport_ready", "0+0x350"), ("service-down",), ("instances-missing",)),
    "nobody is ready yet": Scenario(
        both("modelport_ready", "0+0x350"), (), ("service-down", "instances-missing"), at="4m"
    ),
    "one of two is ready": Scenario({f"modelport_ready{OF_A}": "0+0x350"}, ("instances-missing",), ("service-down",)),
    "nobody asks any more": Scenario(
        {OK: "0+600x335 201000+0x14", **without("modelport_request_duration")},
        ("traffic-stopped", "model-old"), at="7d4h", step="30m"
    ),
    "nobody ever asks at this time": Scenario(
        {OK: "0+0x6 0+600x329 197400+0x14", **without("modelport_request_duration")},
        ("model-old",), ("traffic-stopped",), at="7d2h", step="30m",
    ),
    "few ask at this time, and nobody now": Scenario(
        {OK: "0+20x335 6700+0x14", **without("modelport_request_duration")},
        ("model-old",), ("traffic-stopped",), at="7d4h", step="30m",
    ),
    "the model is 25 hours old": Scenario({}, ("model-old",), at="25h", step="30m"),
    "the model is 23 hours old": Scenario({}, (), ("model-old",), at="23h", step="30m"),
    "the model was away for two hours": Scenario({MODEL: "1+0x20 _x4 1+0x200"}, ("model-old",), at="25h", step="30m"),
    "another model came in between": Scenario(
        {MODEL: "1+0x24 _x200", NEWER: "_x24 1+0x250"}, (), ("model-old",), at="25h", step="30m"
    ),
    "a feature has moved": Scenario({PSI: "0.3+0x350"}, ("model-drift",)),
    "a feature has moved a little": Scenario({PSI: "0.15+0x350"}, (), ("model-drift",)),
    "a feature has just moved": Scenario({PSI: "0.05+0x10 0.3+0x200"}, (), ("model-drift",)),
}  # fmt: skip


def test_every_rule_is_seen_to_fire_and_seen_not_to():
    assert {name for scenario in SCENARIOS.values() for name in scenario.fires} == set(RULES) == set(ALERTS)
    assert {name for scenario in SCENARIOS.values() for name in scenario.spares} == set(RULES)
    assert not [scenario for scenario in SCENARIOS.values() if set(scenario.fires) & set(scenario.spares)]


@pytest.mark.program("promtool")
@pytest.mark.parametrize("what", SCENARIOS)
def test_what_fires(what, tmp_path):
    scenario = SCENARIOS[what]
    series = {name: values for name, values in (HEALTHY | scenario.series).items() if values is not None}
    checks = [
        {"eval_time": scenario.at, "alertname": name, "exp_alerts": [fired(rule) for rule in scenario.fires if
                                                                      alert_name(RULES[rule]) == name]}
        for name in dict.fromkeys(map(alert_name, RULES.values()))
    ]  # fmt: skip
    test = {
        "interval": scenario.step,
        "input_series": [{"series": named(name), "values": values} for name, values in series.items()],
        "alert_rule_test": checks,
    }
    yaml = YAML()
    yaml.dump({"groups": [GROUP]}, tmp_path / "rules.yaml")
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": scenario.step, "tests": [test]}
    yaml.dump(tests, tmp_path / "tests.yaml")
    ran = subprocess.run(["promtool", "test", "rules", tmp_path / "tests.yaml"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def named(series):
    """A series as Prometheus scrapes it from the service's pods; those of a node's exporter have other labels."""
    metric, _, labels = series.partition("{")
    if metric.startswith("DCGM"):
        return series
    return f'{metric}{{job="fraud",namespace="ml",{labels.rstrip("}")}}}'


def fired(rule):
    alert = ALERTS[rule]
    labels = alert["labels"] | (MOVED if rule == "model-drift" else {})
    return {"exp_labels": labels, "exp_annotations": alert["annotations"]}
