"""The figures of docs/benchmarks.md, measured on this machine: `make bench`. `--quick` only proves that it runs.

Every command is a whole process. Beside each time stands its ratio to a bare `python -c "import pulumi"` of the same
run: machines differ, and so do their quiet hours; ratios less.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
MODEL = ROOT / "stacks" / "models" / "digits.onnx"
PAGE = ROOT / "docs" / "benchmarks.md"
FIGURES, ENGINE, POLICIES, PULL_REQUESTS, END = (
    f"<!-- {name} -->\n" for name in ("figures", "engine", "policies", "pull requests", "end")
)

sys.path[:0] = [str(ROOT / "tests")]
import engine  # noqa: E402
import policies  # noqa: E402
import pull_request  # noqa: E402
from support.load import Load  # noqa: E402


class Project:
    """A project of its own in a temporary folder, made by `modelport init`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "MODELPORT_"))}
        self.modelport("init", "digits", "--model", str(MODEL), "--target", "local")
        self.service = folder / "services" / "digits.yaml"
        self.text = self.service.read_text()

    def modelport(self, *arguments: str) -> None:
        command = [BIN / "modelport", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")

    def up(self, version: str | None = None) -> None:
        if version:
            source = next(line for line in self.text.splitlines() if line.strip().startswith("source:"))
            self.service.write_text(self.text.replace(source, f'{source}\n  version: "{version}"'))
        self.modelport("up", "--yes", "--engine", "embedded")

    def down(self) -> None:
        self.modelport("destroy", "--yes", "--engine", "embedded")

    def server(self) -> dict:
        """The outputs of the server in the stack's state."""
        lines = (self.folder / ".modelport" / "env").read_text().splitlines()
        env = {**self.env, **dict(line.split("=", 1) for line in lines)}
        export = [sys.executable, "-m", "modelport_engine", "export", "--cwd", self.folder, "--stack", "local"]
        state = json.loads(subprocess.run(export, env=env, capture_output=True, check=True).stdout)
        resources = state["deployment"]["resources"]
        return next(one["outputs"] for one in resources if one["type"] == "modelport:local:Server")


@contextmanager
def project() -> Iterator[Project]:
    folder = Path(tempfile.mkdtemp(prefix="modelport-bench-"))
    made = Project(folder)
    try:
        yield made
    finally:
        made.down()
        shutil.rmtree(folder)


def seconds(action: Callable[[], object], runs: int) -> float:
    """The median of several runs, after one that is not counted."""
    action()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def command(*words: object) -> Callable[[], object]:
    return lambda: subprocess.run([str(word) for word in words], cwd=ROOT, check=True, capture_output=True)


def times(runs: int) -> Iterator[tuple[str, float, str]]:
    """What is measured, its seconds, and the most it may take."""
    yield "`python -c 'import pulumi'`", seconds(command(sys.executable, "-c", "import pulumi"), runs), ""
    yield "`modelport --help`", seconds(command(BIN / "modelport", "--help"), runs), "0.3"
    with project() as one:
        one.up()
        yield "start to ready (`readySeconds` of the server)", one.server()["readySeconds"], "1"
        preview = seconds(lambda: one.modelport("preview", "--engine", "embedded"), runs)
        yield "`modelport preview`, nothing to change", preview, "2"
        yield "`modelport up`, nothing to change", seconds(one.up, runs), "3"


def under_load(requests: int, updates: int, change: Callable[[Project, str], None]) -> tuple[int, list[str]]:
    """Requests at 200/s, half on fresh connections and half on kept ones, while the model changes `updates` times."""
    with project() as one:
        one.up()
        server = one.server()
        with Load(int(server["port"]), Path(server["bundle"]), rate=200) as load:
            for number in range(updates):
                change(one, str(number + 2))
                load.wait_for(max(0, requests * (number + 1) // updates - load.answered - len(load.failures)))
        return load.answered, load.failures


def stop_then_start(one: Project, version: str) -> None:
    """What an update would be without the hand-over; on the same port, or nothing would be answered ever again."""
    stack = one.folder / "Pulumi.local.yaml"
    text = stack.read_text()
    if "modelport:resources" not in text:
        patch = f"{{digits-local-server: {{properties: {{port: {int(one.server()['port'])}}}}}}}"
        stack.write_text(f"{text.rstrip()}\n  modelport:resources: {patch}\n")
    one.down()
    one.up(version)


def record(mark: str, lines: list[str]) -> None:
    """Put lines into the page, from a mark to the next end."""
    page = PAGE.read_text()
    before = page.index(mark) + len(mark)
    PAGE.write_text(page[:before] + "\n".join(lines) + "\n" + page[page.index(END, before) :])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few runs, nothing written")
    quick = parser.parse_args().quick
    rows = []
    for name, value, most in times(1 if quick else 5):
        rows.append((name, value, most))
        print(f"{name:<50} {value:6.2f} s", flush=True)
    of_engine = engine.table(1, few=5, many=10) if quick else engine.table(3)
    print("\n".join(of_engine), flush=True)
    of_policies = policies.table(1 if quick else 5)
    print("\n".join(of_policies), flush=True)
    of_pull_requests = pull_request.table(2) if quick else pull_request.table()
    requests, updates = (600, 2) if quick else (20_000, 10)
    answered, failed = under_load(requests, updates, Project.up)
    print(f"{updates} updates under load: {len(failed)} failures of {answered + len(failed)}", failed[:3], flush=True)
    control, lost = under_load(requests // 10, 2, stop_then_start)
    print(f"2 times stop-then-start: {len(lost)} failures of {control + len(lost)}", flush=True)
    if not quick:
        table = ["| figure | seconds | at most | ratio to a bare `import pulumi` |", "|---|---|---|---|"]
        table += [f"| {name} | {value:.2f} | {most} | {value / rows[0][1]:.2f} |" for name, value, most in rows]
        table += [
            "",
            f"{updates} updates under 200 requests/s: **{len(failed)} failures of {answered + len(failed)}**.",
        ]
        table += [f"The same load over 2 times stop-then-start: {len(lost)} failures of {control + len(lost)}."]
        record(FIGURES, table)
        record(ENGINE, of_engine)
        record(POLICIES, of_policies)
        record(PULL_REQUESTS, of_pull_requests)
    words = [sys.executable, ROOT / "tests" / "bench" / "serving", *(["--smoke"] if quick else [])]
    of_server = subprocess.run(words).returncode
    if failed or not lost:
        raise SystemExit("failed: an update lost requests, or the control lost none")
    raise SystemExit(of_server)


if __name__ == "__main__":
    main()
