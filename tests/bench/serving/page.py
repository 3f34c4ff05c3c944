"""The section of docs/benchmarks.md: goals and what was measured, then all the figures."""

import platform
from importlib.metadata import version
from pathlib import Path

from bench.serving import environments
from bench.serving.contests import PEERS
from bench.serving.goals import GOALS, Goal
from bench.serving.results import Results

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks.md"
MARK, END = "<!-- serving -->\n", "<!-- end -->\n"
INTRODUCTION = """## The serving image's server

`python tests/bench/serving` measures this alone; `--quick` is a third of it. It installs each peer from its lock into
an environment of its own, below `.bench` or where `MODELPORT_BENCH` says. The tiny model is a logistic regression of
20 values, the MLP has 512-3072x4-16 units (120 MB), ResNet-18 random weights.

The server has one core and one thread for the model, the client the other core; with 2 cores they share both. In each
round everybody takes a turn, as a fresh process whose answers must be those of raw onnxruntime; ratios are taken
within a round, and figures are medians of the rounds. As many clients as said, or else 32 (8 for ResNet-18), ask
again when they are answered. At 300/s, and at low load (0.42 of what raw onnxruntime gives row by row), requests come
at random times, and latency counts from when each was due. A peer has the wire on which it is fastest, and its own
batching where that helps it. Start is from the process to its first answer; memory is that of all its processes after
the load.
"""


def section(results: Results, minutes: float) -> list[str]:
    return [
        INTRODUCTION,
        *_machine(results),
        f"It took {minutes:.0f} minutes.",
        "",
        *_goals(results),
        "",
        *_figures(results),
        *_absent(results),
    ]


def missed(results: Results) -> list[str]:
    """The goals whose floor was not reached."""
    return [
        goal.name
        for goal in GOALS
        if (value := goal.measured(results)) is not None and goal.met(value, goal.floor) == "no"
    ]


def record(lines: list[str]) -> None:
    """Put the section into the page, at its end if it has none yet."""
    page = PAGE.read_text()
    if MARK not in page:
        page = f"{page.rstrip()}\n\n{MARK}{END}"
    before = page.index(MARK) + len(MARK)
    PAGE.write_text(page[:before] + "\n".join(lines) + "\n" + page[page.index(END, before) :])


def _machine(results: Results) -> list[str]:
    peers = [f"{peer} {environments.version(peer)} by {wire.name}" for peer, wire in PEERS.items()]
    share, (contest, entrant, trial) = results.client
    foreign = sorted(results.foreign) or [0.0]
    return [
        f"{_processor()}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"onnxruntime {version('onnxruntime')}.",
        f"Peers: {', '.join(peers)}.",
        f"The servers of fixed bytes and without batching are raw ASGI on uvicorn {environments.version('asgi')}.",
        f"The client was busy at most {share:.0%} of its core ({contest}, {entrant}, {trial}). Other processes took "
        f"{foreign[len(foreign) // 2]:.0%} of a core (median), at most {foreign[-1]:.0%}.",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _goals(results: Results) -> list[str]:
    contests = results.contests()
    rows = [_goal(goal, results) for goal in GOALS if goal.figure[0] in contests]
    return ["| goal | measured | floor | met | stretch | met |", "|---|---|---|---|---|---|", *rows]


def _goal(goal: Goal, results: Results) -> str:
    value = goal.measured(results)
    if value is None:
        return f"| {goal.name} | not measured | {goal.text(goal.floor)} | | {goal.text(goal.stretch)} | |"
    floor, stretch = (f"{goal.text(limit)} | {goal.met(value, limit)}" for limit in (goal.floor, goal.stretch))
    return f"| {goal.name} | {_number(value)}{goal.unit} | {floor} | {stretch} |"


def _figures(results: Results) -> list[str]:
    """A table for each contest."""
    lines = ["Requests a second, of raw onnxruntime rows, or what the column says:", ""]
    for contest in results.contests():
        trials = results.trials(contest)
        lines += [f"| {contest} | {' | '.join(trials)} |", "|---" * (len(trials) + 1) + "|"]
        for entrant in results.entrants(contest):
            values = [results.value((contest, entrant, trial)) for trial in trials]
            lines.append(f"| {entrant} | {' | '.join('' if value is None else _number(value) for value in values)} |")
        lines.append("")
    return lines


def _absent(results: Results) -> list[str]:
    if not results.absent:
        return []
    return ["Not measured, or not to the end:", "", *(f"- {name}: {why}" for name, why in results.absent.items())]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
