"""The live tree, made from recorded events of Pulumi's own engine, and as a terminal shows it."""

import io
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import pytest
from rich.console import Console
from support.events import recorded_chains

from modelport_engine.tree import ResourceTree

NOW = 1000.0


def drawn(tree):
    console = Console(file=io.StringIO(), width=120)
    console.print(tree)
    return console.file.getvalue()


def recorded(chain, name):
    (run,) = (run for run in recorded_chains()[chain]["runs"] if run["name"] == name)
    return [{"timestamp": NOW, **event} for event in run["events"]]


@pytest.fixture
def replayed():
    """The tree after the first so many events of a recorded run."""

    def replay(chain, name, events=None):
        tree = ResourceTree(clock=lambda: NOW + 3)
        for event in recorded(chain, name)[:events]:
            tree.take(event)
        return drawn(tree)

    return replay


def test_resources_stand_under_their_parents_and_what_stays_the_same_is_left_out(replayed):
    assert replayed("demo", "up-unknown").splitlines()[0].strip() == "pulumi:pulumi:Stack demo-dev"
    tree = replayed("demo", "up-base")
    assert "── +  demo:index:Site site\n" in tree
    child = next(line for line in tree.splitlines() if "site-bucket" in line)
    parent = next(line for line in tree.splitlines() if "Site site" in line)
    assert len(child) - len(child.lstrip("│ ├└─")) > len(parent) - len(parent.lstrip("│ ├└─"))
    assert "default" not in tree


def test_a_run_without_changes_has_no_tree(replayed):
    assert replayed("demo4", "up-noop").strip() == ""


def test_a_replacement_is_one_line_with_what_changed(replayed):
    lines = [line for line in replayed("demo4", "up-cascade").splitlines() if "sim:index" in line]
    parts = {line.partition("─ ")[2] for line in lines}
    assert parts == {"+- sim:index:Bucket a [region]", "+- sim:index:Server b"}


def test_what_is_under_way_says_for_how_long(replayed):
    events = recorded("demo4", "up-first")
    begun = next(i for i, event in enumerate(events) if "Bucket" in str(event.get("resourcePreEvent")))
    name = events[begun]["resourcePreEvent"]["metadata"]["urn"].rpartition("::")[2]
    assert f"+  sim:index:Bucket {name} create 3 s\n" in replayed("demo4", "up-first", begun + 1)
    assert f"+  sim:index:Bucket {name}\n" in replayed("demo4", "up-first")


def test_what_failed_says_so(replayed):
    assert "~  sim:index:Server e [fail] failed\n" in replayed("demo4", "up-failupdate")


def test_a_refresh_shows_what_has_drifted_and_what_is_gone(replayed):
    lines = [line.partition("─ ")[2] for line in replayed("demo4", "refresh-drift").splitlines() if "sim:" in line]
    assert sorted(lines) == ["-  sim:index:Bucket g", "~  sim:index:Server e [size]"]


def test_a_deleted_stack_is_a_tree_of_deletes(replayed):
    signs = {line.partition("─ ")[2][:1] for line in replayed("demo4", "destroy").splitlines() if "sim:" in line}
    assert signs == {"-"}


def test_a_terminal_shows_the_tree_and_messages_and_the_sum(workbench):
    bench = workbench("demo4")
    bench.configure(mode="base", region="r1")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "modelport_engine", "preview", "--cwd", str(bench.folder), "--stack", "dev"]
    process = subprocess.Popen(command, env={**bench.env, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    assert process.wait() == 0
    assert re.search(r"── (\x1b\[32m)?\+  sim:index:Bucket a", shown.decode())
    assert "preview succeeded in" in shown.decode()
