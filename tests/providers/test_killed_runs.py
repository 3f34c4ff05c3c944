"""A run may be killed at any moment; the next one ends where an undisturbed one would have."""

import json
import random
import subprocess
import sys
import time

import httpx
import psutil
import pytest
from cluster.bed.waiting import until

from modelport.providers.local.process import of_folder
from modelport.providers.local.run_dir import RunDir

RUN = """
import json, sys
from modelport.providers.local import LocalServer
print("working", flush=True)
LocalServer().create(json.loads(sys.argv[1]), print)
"""
STEPS = ["spawn", "note_start", "go", "_wait_until_ready"]
RUN_TO_STEP = """
import json, os, signal, sys
from modelport.providers.local import LocalServer, process, server
from modelport.providers.local.run_dir import RunDir

def killed_after(owner, name):
    step = getattr(owner, name)
    def run(*arguments):
        step(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, run)

owner = {"spawn": process, "note_start": RunDir, "go": process, "_wait_until_ready": server}[sys.argv[2]]
killed_after(owner, sys.argv[2])
LocalServer().create(json.loads(sys.argv[1]), print)
"""


def version_at(url):
    return httpx.get(f"{url}/v2/models/scale", timeout=60).json()["versions"]


def wait_until_alone(run_dir, pid):
    """Wait until every other process of the folder has drained."""
    until(lambda: {process.pid for process in of_folder(run_dir)} == {pid})


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_after_a_step_is_made_good_by_the_next(server, inputs, run_dir, step):
    killed = subprocess.run([sys.executable, "-c", RUN_TO_STEP, json.dumps(inputs()), step], timeout=60)
    assert killed.returncode == -9
    outputs = server.create(inputs())
    assert version_at(outputs["url"]) == ["1"]
    wait_until_alone(run_dir, outputs["pid"])


@pytest.mark.parametrize("step", STEPS)
def test_an_update_killed_after_a_step_is_made_good_by_the_next(server, inputs, run_dir, step):
    before = server.create(inputs(graceSeconds=0))
    changed = inputs("thrice", graceSeconds=0)
    subprocess.run([sys.executable, "-c", RUN_TO_STEP, json.dumps(changed), step], timeout=60)
    outputs = server.update(changed)
    assert outputs["url"] == before["url"]
    assert version_at(outputs["url"]) == ["2"]
    wait_until_alone(run_dir, outputs["pid"])


def test_a_run_that_was_killed_after_the_server_was_ready_is_adopted(server, inputs, run_dir):
    subprocess.run([sys.executable, "-c", RUN_TO_STEP, json.dumps(inputs()), "_wait_until_ready"], timeout=60)
    left = RunDir(run_dir).serving()
    assert server.create(inputs())["pid"] == left.identity.pid


def test_a_run_killed_before_it_noted_its_server_leaves_no_process(inputs, run_dir):
    subprocess.run([sys.executable, "-c", RUN_TO_STEP, json.dumps(inputs()), "spawn"], timeout=60)
    psutil.wait_procs(of_folder(run_dir), timeout=60)
    assert of_folder(run_dir) == []


def test_runs_killed_at_random_moments_converge(server, inputs, run_dir):
    moments = random.Random(20261121)
    for bundle in ("twice", "thrice", "twice"):
        changed = inputs(bundle, graceSeconds=0)
        with subprocess.Popen([sys.executable, "-c", RUN, json.dumps(changed)], stdout=subprocess.PIPE) as run:
            run.stdout.readline()
            time.sleep(moments.uniform(0, 0.8))
            run.kill()
    outputs = server.update(changed)
    assert version_at(outputs["url"]) == ["1"]
    wait_until_alone(run_dir, outputs["pid"])
    server.delete(run_dir)
    assert of_folder(run_dir) == []
