"""Steps of workflow files, taken out and run as their platform would, on this machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

BIN = Path(sys.executable).parent
EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
INSTALLS = "pip install"
"""What is not run: the packages are those of this environment."""


def read(file):
    return YAML(typ="safe").load(file.read_text())


def environment(**more):
    """Next to nothing, as on a machine of a platform, with `modelport` on PATH."""
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/"), **more}


def run(script, cwd, env, shell=("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")):
    return subprocess.run([*shell, script], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def github_steps(file, top, env, **known):
    """Run the commands of a workflow's only job; `known` are the values of expressions, by their last word."""
    workflow = read(file)
    [job] = workflow["jobs"].values()
    for step in job["steps"]:
        if "run" in step and INSTALLS not in step["run"]:
            assert not EXPRESSION.search(step["run"])
            given = {
                name: EXPRESSION.sub(lambda found: known[found[1].split(".")[-1]], text) for name, text in env_of(step)
            }
            done = run(step["run"], top / workflow["defaults"]["run"]["working-directory"], {**env, **given})
            yield step["name"], done


def env_of(step):
    return step.get("env", {}).items()


def gitlab_script(file, name):
    """What a job runs, with what it extends, but for what it installs."""
    jobs = read(file)
    job, above = dict(jobs[name]), jobs[name].get("extends")
    while above:
        job, above = {**jobs[above], **job}, jobs[above].get("extends")
    lines = [line for line in [*job["before_script"], *job.get("script", ())] if INSTALLS not in line]
    return "\n".join(lines)


def jenkins_scripts(file, stage):
    """What a stage hands to its shell, but for what it installs."""
    _, _, rest = file.read_text().partition(f"stage('{stage}')")
    part = rest.partition("\n        stage(")[0]
    return [text for text in re.findall(r"sh '''(.*?)'''", part, re.DOTALL) if INSTALLS not in text]
