"""A project in a git repository, with a change on top of what is merged."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support.console import MODELPORT as MAIN
from support.console import modelport
from support.models import save, scaling

MODELPORT = (sys.executable, "-c", MAIN)

PROGRAM = """\
import pulumi
from modelport import ModelService

names = pulumi.Config("modelport").require_object("services")
pulumi.export("services", {name: ModelService.from_file(f"services/{name}.yaml").outputs for name in names})
"""
FILES = {
    "Pulumi.yaml": "name: shop\nruntime: python\nplugins: {providers: [{name: modelport, path: plugin}]}\n",
    "plugin/PulumiPlugin.yaml": "runtime: python\n",
    "plugin/__main__.py": "from modelport.plugin import main\n\nmain()\n",
    "__main__.py": PROGRAM,
    "README.md": "# The shop\n",
}
STACK = (
    "config:\n  modelport:target: {target}\n  modelport:environment: dev\n  modelport:services: [{services}]\n{more}"
)
SERVICE = """\
metadata: {{name: {name}, owner: risk, costCenter: c1}}
model: {{source: ../models/{name}.onnx}}
security: {{dataClass: internal}}
governance: {{riskClass: minimal}}
"""
CLUSTER = """\
  kubernetes:context: shop
  modelport:image: registry.example.com/modelport/server@sha256:{zeros}
  modelport:existing: {{registry: registry.example.com/modelport}}
""".format(zeros="0" * 64)
"""What a stack on a cluster has besides."""
LETTER = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
PREVIEW = ("ci", "preview", "--base", "main", "--out", "out")


class PullRequest:
    """The services, each with a model of its own, in the stack `dev`: `main` has them, and the head what changed.

    Attributes:
        code, said: of the last preview.
    """

    def __init__(self, folder: Path, services=("fraud", "spam"), target="local", more=""):
        self.folder = folder
        self.env = {**os.environ, **LETTER}
        for name in [name for name in self.env if name.startswith(("PULUMI_", "MODELPORT_"))]:
            del self.env[name]
        for name, text in FILES.items():
            self.write(name, text)
        self.stack("dev", services, target, more)
        (folder / "models").mkdir()
        for name in services:
            self.write(f"services/{name}.yaml", self.service(name))
            self.train(name, 2.0)
        self.git("init", "--quiet", "--initial-branch=main")
        self.merge()

    def service(self, name):
        return SERVICE.format(name=name)

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def replace(self, name, old, new):
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def stack(self, name, services, target="local", more=""):
        self.write(f"Pulumi.{name}.yaml", STACK.format(target=target, services=", ".join(services), more=more))

    def train(self, service, factor):
        save(scaling(factor), self.folder / "models" / f"{service}.onnx")

    def git(self, *words):
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=self.env, check=True, capture_output=True, text=True
        ).stdout

    def merge(self):
        """Make all there is part of what is merged."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "merged")

    def preview(self, *words):
        """Run `modelport ci preview` in this process; gives `summary.json`, None where there is none."""
        answer = modelport(self.folder, self.env, *PREVIEW, *words)
        return self._ended(answer.code, answer.out + answer.err)

    def preview_apart(self, *words, env=None, prefix=()):
        """As `preview`, in a process of its own."""
        env = self.env if env is None else env
        done = subprocess.run(
            [*prefix, *MODELPORT, *PREVIEW, *words], cwd=self.folder, env=env, capture_output=True, text=True
        )
        return self._ended(done.returncode, done.stdout + done.stderr)

    def _ended(self, code, said):
        self.code, self.said = code, said
        summary = self.folder / "out" / "summary.json"
        return json.loads(summary.read_text()) if summary.exists() else None

    def started(self):
        """A preview that goes on."""
        return subprocess.Popen([*MODELPORT, *PREVIEW], cwd=self.folder, env=self.env)

    @property
    def comment(self):
        return (self.folder / "out" / "comment.md").read_text()
