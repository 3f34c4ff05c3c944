import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from modelport_engine.state import locks
from modelport_engine.state.backend import StackName
from modelport_engine.state.locks import LockedError

DEV = StackName("demo", "dev")
RECORDED = (
    "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file "
    "with `pulumi cancel`.\n"
    "  file://{folder}/cd4be6c3-6507-4b83-9152-3a27c0125d60.json: created by user@host (pid 19816) "
    "at 2026-11-21T02:37:42Z"
)


@pytest.fixture
def folder(backend):
    folder = backend.lock_folder(DEV)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def put_lock(folder, name="other", *, pid=19816, host="host", at="2026-11-21T02:37:42.001156329Z"):
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"pid": pid, "username": "user", "hostname": host, "timestamp": at}))
    (folder / f"{name}.json.attrs").write_text("{}")
    return path


def test_a_held_lock_is_the_file_that_pulumi_writes(backend):
    with backend.lock(DEV):
        [path] = backend.lock_folder(DEV).glob("*.json")
        holder = json.loads(path.read_text())
        assert list(holder) == ["pid", "username", "hostname", "timestamp"]
        assert holder["pid"] == os.getpid()
        assert holder["hostname"] == socket.gethostname()
    assert not list(backend.lock_folder(DEV).iterdir())


def test_a_locked_stack_says_who_holds_it_and_for_how_long(backend, folder):
    put_lock(folder, "cd4be6c3-6507-4b83-9152-3a27c0125d60")
    with pytest.raises(LockedError) as caught, backend.lock(DEV):
        pass
    said, _, age = str(caught.value).rpartition(", ")
    assert said == RECORDED.format(folder=folder)
    assert age.endswith(" ago")


def test_the_age_of_a_lock_is_in_the_largest_unit(folder):
    ages = {
        timedelta(seconds=5): "5 s",
        timedelta(minutes=3): "3 min",
        timedelta(hours=2): "2 h",
        timedelta(days=4): "4 d",
    }
    for age, text in ages.items():
        put_lock(folder, at=(datetime.now(UTC) - age).isoformat())
        assert str(locks.locks(folder)[0]).endswith((f", {text} ago", f", {int(text.split()[0]) + 1} s ago"))


def test_a_second_update_is_refused_and_the_first_keeps_its_lock(backend):
    with backend.lock(DEV):
        with pytest.raises(LockedError, match=f"pid {os.getpid()}"), backend.lock(DEV):
            pass
        assert len(list(backend.lock_folder(DEV).glob("*.json"))) == 1


def test_a_lock_that_came_at_the_same_moment_makes_both_step_back(backend, monkeypatch):
    write = locks.files.write

    def write_while_another_does(path, data):
        write(path, data)
        put_lock(path.parent)

    monkeypatch.setattr(locks.files, "write", write_while_another_does)
    with pytest.raises(LockedError), backend.lock(DEV):
        pass
    assert [path.name for path in backend.lock_folder(DEV).glob("*.json")] == ["other.json"]


def test_a_lock_is_released_when_the_update_fails(backend):
    with pytest.raises(ZeroDivisionError), backend.lock(DEV):
        1 / 0  # noqa: B018
    with backend.lock(DEV):
        pass


def test_other_stacks_are_not_locked(backend, folder):
    put_lock(folder)
    with backend.lock(StackName("demo", "prod")), backend.lock(StackName("other", "dev")):
        pass


def test_any_file_locks_even_an_unreadable_one(backend, folder):
    (folder / "strange").write_text("not JSON")
    with pytest.raises(LockedError, match=r"strange: created by unknown@unknown"), backend.lock(DEV):
        pass


def test_only_locks_of_dead_processes_of_this_host_are_removed(folder, dead_pid):
    now = datetime.now(UTC).isoformat()
    put_lock(folder, "dead", pid=dead_pid, host=socket.gethostname(), at=now)
    put_lock(folder, "alive", pid=os.getpid(), host=socket.gethostname(), at=now)
    put_lock(folder, "elsewhere", pid=dead_pid, host="elsewhere", at=now)
    (folder / "strange.json").write_text("{}")
    removed = locks.remove_dead(folder)
    assert [(lock.path.name, lock.pid) for lock in removed] == [("dead.json", dead_pid)]
    assert {path.name for path in folder.glob("*.json")} == {"alive.json", "elsewhere.json", "strange.json"}
    assert not (folder / "dead.json.attrs").exists()


def test_a_lock_older_than_the_process_with_its_pid_is_dead(folder):
    put_lock(folder, pid=os.getpid(), host=socket.gethostname(), at="2001-01-01T00:00:00Z")
    assert [lock.pid for lock in locks.remove_dead(folder)] == [os.getpid()]


def test_all_locks_can_be_removed(folder):
    put_lock(folder, "a")
    put_lock(folder, "b")
    assert len(locks.remove_all(folder)) == 2
    assert not list(folder.iterdir())
