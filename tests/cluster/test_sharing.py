"""One cluster for many processes; what a killed one leaves; programs that are built once."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cluster.bed import binaries
from cluster.bed.nodes import Node
from cluster.bed.processes import Processes
from cluster.bed.shared import shared, stop
from cluster.bed.waiting import until

ROOT = Path(__file__).parents[2]
USE = """
import sys, time
from pathlib import Path
from cluster.bed.shared import shared
with shared(Path(sys.argv[1])) as cluster:
    print(cluster.server, flush=True)
    time.sleep(600)
"""
BUILD = 'from cluster.bed.binaries import build; build(["pause"])'


def python(program, *words, **more):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), **more.pop("env", {})}
    return subprocess.Popen([sys.executable, "-c", program, *map(str, words)], text=True, env=environment, **more)


def listens(server):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(server.rpartition(":")[2]))) == 0


def processes_of(folder):
    """Those that name a folder in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path.parent.name] if str(folder).encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


def test_two_clusters_run_side_by_side_and_leave_nothing(cluster, start_cluster):
    other = start_cluster(Node("a100-0", "nvidia-a100-80gb", taints=()))
    assert other.server != cluster.server
    assert [node["metadata"]["name"] for node in other.api.list("v1", "Node")] == ["a100-0"]
    assert len(cluster.api.list("v1", "Node", labels="!test/real")) == 5
    assert len(processes_of(other.folder)) == len(binaries.CONTROL_PLANE)
    stop(other)
    assert not processes_of(other.folder)
    assert not listens(other.server)
    assert not (other.folder / "etcd").exists()


def test_the_first_user_starts_it_the_last_one_stops_it(tmp_path):
    with shared(tmp_path) as first:
        with shared(tmp_path) as second:
            assert second.server == first.server
        assert first.api.ready("/readyz")
    assert not listens(first.server)
    assert not processes_of(tmp_path)


def test_what_a_killed_user_leaves_is_cleared_away_by_the_next(tmp_path):
    user = python(USE, tmp_path, stdout=subprocess.PIPE)
    left = user.stdout.readline().strip()
    user.kill()
    user.communicate()
    assert listens(left), "else there is nothing to clear away"
    with shared(tmp_path) as cluster:
        assert cluster.server != left
        assert not listens(left)
    assert not processes_of(tmp_path)


def test_a_program_of_the_cluster_that_ends_is_an_error_with_its_last_words(tmp_path):
    processes = Processes(tmp_path)
    processes.start("broken", ["sh", "-c", "echo no such flag; exit 1"])
    with pytest.raises(Exception, match=r"broken ended; the last lines of .*broken\.log:\n  no such flag"):
        processes.wait("it", lambda: False)


def test_the_id_of_an_ended_process_is_nobodys(tmp_path):
    processes = Processes(tmp_path)
    pid = processes.start("sleeper", ["sleep", "600"])
    assert processes.running() == {"sleeper": pid}
    file = tmp_path / "run" / "sleeper.pid"
    file.write_text(f"{os.getpid()} 1")  # as if the system had given the id to this process
    assert processes.running() == {}
    file.write_text("")  # as if the start had been cut short
    assert processes.running() == {}
    os.kill(pid, signal.SIGKILL)


class TestBuilding:
    @pytest.fixture(autouse=True)
    def cache(self, tmp_path, monkeypatch):
        """An empty one, but for what Go itself keeps."""
        kept = subprocess.run(["go", "env", "GOCACHE"], capture_output=True, text=True, check=True).stdout.strip()
        monkeypatch.setenv("GOCACHE", kept)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)

    def test_two_at_once_build_a_program_once(self):
        both = [python(BUILD, stderr=subprocess.PIPE) for _ in range(2)]
        said = "".join(each.communicate()[1] for each in both)
        assert [each.returncode for each in both] == [0, 0]
        assert re.findall("building .*", said) == ["building pause"]
        assert binaries.missing(["pause"]) == []

    def test_one_that_is_cut_short_leaves_no_half_program(self, tmp_path):
        slow = tmp_path / "bin" / "go"
        slow.parent.mkdir()
        slow.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho half > "$2"\nsleep 600\n')
        slow.chmod(0o755)
        path = f"{slow.parent}:{os.environ['PATH']}"
        builder = python(BUILD, env={"PATH": path}, start_new_session=True)
        until(lambda: [*binaries.cache("images").glob("*.partial")])
        os.killpg(builder.pid, signal.SIGKILL)
        builder.wait()
        assert binaries.missing(["pause"]) == ["pause"]
        binaries.build(["pause"])
        assert binaries.binary("pause").read_bytes().startswith(b"\x7fELF")
        assert {file.name for file in binaries.cache("images").iterdir()} == {"lock", "pause"}

    def test_one_that_fails_says_what_go_said(self, monkeypatch):
        monkeypatch.setitem(binaries.PROGRAMS, "pause", ("images", "./absent"))
        with pytest.raises(Exception, match=r"go build in .* ended with 1:\n.*absent"):
            binaries.build(["pause"])

    def test_without_go_it_says_what_to_install(self, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Exception, match="no go on PATH"):
            binaries.build(["pause"])

    def test_programs_of_kubebuilder_are_taken_where_they_are(self, monkeypatch, tmp_path):
        (tmp_path / "etcd").touch()
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
        assert binaries.binary("etcd") == tmp_path / "etcd"
        assert binaries.binary("kwok").is_relative_to(tmp_path / "test-cluster")
        assert "etcd" not in binaries.missing(binaries.CONTROL_PLANE)


class TestByHand:
    def bed(self, *words):
        command = [sys.executable, "-m", "tests.cluster.bed", *map(str, words)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    def test_a_cluster_comes_and_goes(self, tmp_path):
        up = self.bed("up", "--dir", tmp_path / "mine", "--nodes", "cpu=1,nvidia-h200-141gb=1")
        assert up.returncode == 0, up.stderr
        print(up.stderr)  # how long it took
        assert re.search(r"^ready in [0-9.]+ s$", up.stderr, re.MULTILINE)
        where = f"{tmp_path / 'mine' / 'admin.kubeconfig'}\n"
        assert up.stdout == where == self.bed("kubeconfig", "--dir", tmp_path / "mine").stdout
        again = self.bed("up", "--dir", tmp_path / "mine")
        assert (again.returncode, "runs already" in again.stderr) == (1, True)
        assert "kube-apiserver" in self.bed("status", "--dir", tmp_path / "mine").stdout
        assert self.bed("down", "--dir", tmp_path / "mine").returncode == 0
        assert self.bed("status", "--dir", tmp_path / "mine").returncode == 1
        assert not processes_of(tmp_path)

    def test_nodes_of_an_unknown_kind_are_a_wrong_use(self, tmp_path):
        done = self.bed("up", "--dir", tmp_path, "--nodes", "h100=1")
        assert done.returncode == 2
        assert "h100=1: a pool is KIND=COUNT; kinds: cpu, nvidia-t4" in done.stderr
