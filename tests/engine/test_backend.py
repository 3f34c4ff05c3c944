import errno
import json
import re
import resource as limits
from pathlib import Path

import pytest
from support.states import recorded, recorded_states

from modelport_engine.projects.project import Project
from modelport_engine.projects.stack import Stack
from modelport_engine.state import files
from modelport_engine.state.backend import Backend, BackendError, StackName
from modelport_engine.state.snapshot import Snapshot

DEV = StackName("demo", "dev")
OLD = recorded_states()["01-up-first/checkpoint-file"]
NEW = recorded_states()["04b-up-update/checkpoint-file"]

# Every kind of file that Pulumi's engine leaves in a state folder after updates, numbers and lock names replaced.
LAYOUT = {
    ".pulumi/meta.yaml",
    ".pulumi/stacks/demo/dev.json",
    ".pulumi/stacks/demo/dev.json.bak",
    ".pulumi/history/demo/dev/dev-N.history.json",
    ".pulumi/history/demo/dev/dev-N.checkpoint.json",
    ".pulumi/backups/demo/dev/dev.N.json",
}


def layout(root: Path) -> set[str]:
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {re.sub(r"\d{19}", "N", name) for name in found}


def test_a_state_folder_has_the_layout_that_pulumi_leaves(backend):
    with backend.lock(DEV):
        backend.write(DEV, OLD)
        backend.write(DEV, NEW)
        backend.record(DEV, {"kind": "update"})
    assert layout(backend.root) == LAYOUT | {f"{name}.attrs" for name in LAYOUT}
    assert backend.state_file(DEV).read_text() == NEW
    assert backend.state_file(DEV).with_name("dev.json.bak").read_text() == OLD


def test_attributes_are_those_of_pulumis_storage(backend):
    backend.write(DEV, OLD)
    assert (backend.root / ".pulumi/meta.yaml.attrs").read_text() == (
        '{"user.cache_control":"","user.content_disposition":"","user.content_encoding":"","user.content_language":"",'
        '"user.content_type":"text/plain; charset=utf-8","user.metadata":null,"md5":"EaRWdV65+nlqCnYlI4a4Wg=="}\n'
    )


def test_the_history_of_a_stack_reads_as_pulumis(project, env, put_state):
    put_state("01-up-first")
    project.stack_file("dev").write_text('config:\n  demo:mode: base\n  demo:list: [1, "a"]\n')
    stack = Stack.open(project, "dev", env)
    stack.record("update", 1795229775.5, succeeded=True, changes={"create": 7})
    [file] = (stack.backend.root / ".pulumi/history/demo/dev").glob("*.history.json")
    entry, theirs = json.loads(file.read_text()), recorded("backend-layout/history")
    assert list(entry) == list(theirs)
    assert entry["kind"] == theirs["kind"]
    assert entry["startTime"] == theirs["startTime"] == 1795229775
    assert entry["result"] == theirs["result"]
    assert entry["resourceChanges"] == theirs["resourceChanges"]
    assert entry["config"] == {"demo:list": {"object": '[1,"a"]'}, "demo:mode": "base"}


def test_the_backend_comes_from_the_environment_then_the_project_then_the_login_then_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    login = {"PULUMI_HOME": str(tmp_path)}
    assert Backend.find(None, tmp_path, login).root == tmp_path / "home"
    (tmp_path / "credentials.json").write_text('{"current": "file:///login"}')
    assert Backend.find(None, tmp_path, login).root == Path("/login")
    assert Backend.find("file://./own", tmp_path, login).root == tmp_path / "own"
    assert Backend.find("file://./own", tmp_path, login | {"PULUMI_BACKEND_URL": "file:///env"}).root == Path("/env")


@pytest.mark.parametrize("url", ["s3://bucket", "https://api.pulumi.com", "postgres://host/db"])
def test_another_backend_is_refused_by_name(url, tmp_path):
    with pytest.raises(BackendError, match=f"'{re.escape(url)}' is not supported"):
        Backend.find(None, tmp_path, {"PULUMI_BACKEND_URL": url})


def test_an_older_layout_is_refused(backend):
    old = backend.root / ".pulumi/stacks/dev.json"
    old.parent.mkdir(parents=True)
    old.write_text(OLD)
    with pytest.raises(BackendError, match="has another layout"):
        backend.read(DEV)


def test_stacks_are_listed_without_their_companions(backend):
    backend.write(StackName("b", "prod"), OLD)
    backend.write(DEV, OLD)
    backend.write(DEV, NEW)
    assert backend.stacks() == [StackName("b", "prod"), DEV]


def test_a_torn_state_is_told_with_the_place_of_the_one_before(backend):
    backend.write(DEV, OLD)
    backend.write(DEV, NEW)
    backend.state_file(DEV).write_text(NEW[:1000])
    with pytest.raises(BackendError, match=r"dev\.json is not JSON .*dev\.json\.bak"):
        backend.read(DEV)


def test_the_old_state_survives_a_full_disk(backend):
    backend.write(DEV, OLD)
    soft, hard = limits.getrlimit(limits.RLIMIT_FSIZE)
    limits.setrlimit(limits.RLIMIT_FSIZE, (len(NEW) // 2, hard))
    try:
        with pytest.raises(BackendError, match="cannot write the state of organization/demo/dev: File too large"):
            backend.write(DEV, NEW + " " * len(NEW))
    finally:
        limits.setrlimit(limits.RLIMIT_FSIZE, (soft, hard))
    assert backend.state_file(DEV).read_text() == OLD
    assert not list(backend.root.rglob("*.tmp"))


def test_a_read_only_state_folder_is_told_and_the_old_state_survives(backend, monkeypatch):
    backend.write(DEV, OLD)

    def read_only(path: Path, data: bytes, *, durable: bool = True) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(files, "replace", read_only)
    with pytest.raises(
        BackendError, match=r"cannot write the state of organization/demo/dev: Read-only file system: .*dev"
    ):
        backend.write(DEV, NEW)
    assert backend.state_file(DEV).read_text() == OLD


def test_an_inconsistent_state_is_not_written(project: Project, env, put_state):
    file = put_state("01-up-first")
    stack = Stack.open(project, "dev", env)
    before = file.read_text()
    with pytest.raises(Exception, match="does not stand before it"):
        stack.save(Snapshot(list(reversed(stack.snapshot.resources))))
    assert file.read_text() == before


def test_nothing_is_written_with_a_wrong_passphrase(project, env, put_state):
    file = put_state("70a-ckpt-up-first")  # no secrets in it: nothing needs the passphrase to read it
    before = file.read_text()
    file.write_text(before.replace("demo4", "demo"))
    stack = Stack.open(project, "dev", {**env, "PULUMI_CONFIG_PASSPHRASE": "wrong"})
    with pytest.raises(Exception, match=r"^incorrect passphrase$"):
        stack.manager().close()
    assert file.read_text() == before.replace("demo4", "demo")
