"""Bad input and faults: each is told with what to do, ends with its exit code, and leaves what was there."""

import signal
import socket
import time

import psutil
import pytest
from support.console import SERVER, SERVICE, Console, predict

from modelport_engine.projects.stack_config import set_value
from modelport_engine.state import locks
from modelport_engine.state.secrets import Secrets

LIMIT_BYTES = 3000
FULL_DISK = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT_BYTES}, {LIMIT_BYTES}))"
SECONDS = 100
WITH_A_SECRET = """
import pulumi
from modelport import ModelService

token = pulumi.Config("test").require_secret("token")


def tagged(args):
    if args.type_ != "modelport:local:Server":
        return None
    return pulumi.ResourceTransformResult({**args.props, "tags": {**args.props["tags"], "token": token}}, args.opts)


service = ModelService.from_file("fraud.yaml", pulumi.ResourceOptions(transforms=[tagged]))
pulumi.export("services", {"fraud": service.outputs})
pulumi.export("token", token)
"""


@pytest.fixture
def console(tmp_path):
    with Console(tmp_path / "project") as console:
        yield console


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """A stack that is up."""
    with Console(tmp_path_factory.mktemp("up") / "project") as console:
        assert console.run("up", "--yes").code == 0
        yield console


@pytest.fixture
def served(up):
    """The same for a test in which nothing can be done: the old model has to serve on, in the old state."""
    resources, servers = up.state["resources"], up.servers
    yield up
    up.train(2.0)
    assert predict(up.url) == [2, 4, 6]
    assert (up.state["resources"], up.servers, up.locks) == (resources, servers, [])


def when(condition, process):
    """Wait for the moment in the life of a process."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def newer(path):
    """Whether a file was written after now."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    return lambda: path.exists() and path.stat().st_mtime_ns > before


def configured(**config):
    return lambda console: console.configure(**config)


def in_service_file(*lines):
    return lambda console: console.write("fraud.yaml", SERVICE + "\n".join(lines))


def model_bytes(change):
    def spoil(console):
        model = console.folder / "model.onnx"
        model.write_bytes(change(model.read_bytes()))

    return spoil


def another_digest(console):
    console.write("fraud.yaml", SERVICE.replace("model.onnx", f"model.onnx, sha256: '{'0' * 64}'"))


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        pytest.param(
            configured(target="lcoal", enviroment="dev"),
            2,
            [
                'Pulumi.dev.yaml:1  modelport:target: "lcoal"',
                "Did you mean local?",
                "Pulumi.dev.yaml:1  modelport:enviroment",
                "Did you mean environment?",
                "2 problems, nothing was changed.",
            ],
            id="unknown-target",
        ),
        pytest.param(configured(services=["frad"]), 2, ["frad.yaml", "Did you mean fraud.yaml?"], id="unknown-service"),
        pytest.param(
            in_service_file("scalling: {min: 1}", "request: {timeot: 3s}", "startupSeconds: soon"),
            2,
            [
                "fraud.yaml:5  scalling",
                "Did you mean scaling?",
                "fraud.yaml:6  request.timeot",
                "Did you mean timeout?",
                'fraud.yaml:7  startupSeconds: "soon"',
                "3 problems, nothing was changed.",
            ],
            id="typos",
        ),
        pytest.param(
            lambda console: (console.folder / "model.onnx").unlink(), 1, ["model.onnx", "missing"], id="no-model"
        ),
        pytest.param(model_bytes(lambda data: data[:50]), 1, ["model.onnx", "cut short"], id="cut-model"),
        pytest.param(another_digest, 1, ["model.onnx", "0" * 64], id="digest-mismatch"),
        pytest.param(in_service_file("scaling: {scaleToZero: true}"), 4, ["fraud.yaml:5", "MP401"], id="refused"),
        pytest.param(
            configured(resources={SERVER: {"properties": {"host": "0.0.0.0"}}}),
            3,
            ["NET-01", SERVER, "0.0.0.0", "up was stopped by the policies"],
            id="policy",
        ),
    ],
)
def test_what_is_wrong_is_said_once_and_nothing_is_made(console, spoil, code, said):
    spoil(console)
    answer = console.run("up", "--yes")
    assert answer.code == code, answer
    assert [text for text in said if answer.err.count(text) != 1] == []
    assert "Traceback" not in answer.err
    assert "next:" not in answer.out
    assert (console.servers, console.state_file.exists(), console.locks) == ([], False, [])


def test_a_stack_that_is_not_there_names_the_nearest(console):
    answer = console.run("up", "-s", "dve", "--yes")
    assert (answer.code, answer.out) == (2, "")
    assert "no stack named dve. Did you mean dev?" in answer.err


def test_without_a_project_the_command_that_starts_one_is_named(console):
    for file in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        (console.folder / file).unlink()
    answer = console.run("up", "--yes")
    assert (answer.code, answer.out) == (2, "")
    assert "modelport init" in answer.err


@pytest.mark.parametrize("operation", ["up", "refresh", "destroy"])
def test_nothing_changes_without_a_terminal_and_without_yes(console, operation):
    answer = console.run(operation)
    assert (answer.code, answer.out) == (2, "")
    assert "--yes" in answer.err


def test_a_state_folder_that_cannot_be_written_is_named(console):
    console.write(".pulumi", "no folder")
    answer = console.run("up", "--yes")
    assert answer.code == 1
    assert f"{console.folder}/.pulumi" in answer.err
    assert "PULUMI_BACKEND_URL" in answer.err
    assert console.servers == []


def test_without_a_passphrase_nothing_is_made(console):
    del console.env["PULUMI_CONFIG_PASSPHRASE"]
    answer = console.run("up", "--yes")
    assert answer.code == 1
    assert "PULUMI_CONFIG_PASSPHRASE" in answer.err
    assert (console.servers, console.state_file.exists()) == ([], False)


def test_a_bug_says_so_and_where_its_traceback_is(console, monkeypatch):
    monkeypatch.setattr("modelport.cli.workspace.find_project", lambda folder: {}["root"])
    answer = console.run("outputs")
    assert (answer.code, answer.out) == (1, "")
    log = console.folder / ".modelport" / "crash.log"
    assert "this is a bug in modelport" in answer.err
    assert str(log) in answer.err
    assert "Traceback" not in answer.err
    assert "KeyError: 'root'" in log.read_text()


def test_a_port_in_use_is_named_with_the_last_lines_of_the_log_and_the_next_up_goes_on(console):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        console.configure(resources={SERVER: {"properties": {"port": port}}})
        answer = console.run("up", "--yes")
    assert answer.code == 1
    assert f"+ server   {SERVER:<36} failed" in answer.out
    assert f"{console.run_dir}/server.log ends with:" in answer.err
    assert f"cannot listen on 127.0.0.1 port {port}" in answer.err
    assert console.servers == []

    assert console.run("up", "--yes").code == 0
    assert console.url.startswith(f"http://127.0.0.1:{port}/")
    assert predict(console.url) == [2, 4, 6]


def test_a_server_that_dies_at_start_is_shown_with_the_last_lines_of_its_log(served):
    served.train(3.0)
    assert served.run("preview").code == 0
    bundles = (served.folder / ".modelport" / "bundles").iterdir()
    newest = max(bundles, key=lambda bundle: bundle.stat().st_mtime)
    expected = newest / "expected.json"
    expected.write_text(expected.read_text().replace('"data": [', '"data": [12345.0, '))

    answer = served.run("up", "--yes")
    assert answer.code == 1
    assert "The one before still serves." in answer.err
    assert "server.log ends with:" in answer.err
    assert "does not answer its own sample" in answer.err


def test_another_up_is_named_with_its_process_and_its_age(served):
    with locks.hold(served.lock_folder):
        answer = served.run("up", "--yes")
    assert answer.code == 1
    assert f"(pid {psutil.Process().pid}) at " in answer.err
    assert "s ago" in answer.err


def test_the_old_state_survives_a_full_disk(served):
    assert served.state_file.stat().st_size > LIMIT_BYTES
    served.train(3.0)
    with served.running("up", "--yes", first=FULL_DISK) as full:
        _, errors = full.communicate(timeout=SECONDS)
    assert full.returncode == 1
    assert errors.count("cannot write the state of organization/test/dev: File too large") == 1


@pytest.fixture
def starting(console):
    """An `up` whose server has been started and is held there, and that server."""
    with console.running("up", "--yes") as process:
        when(newer(console.run_dir / "started.json"), process)
        (server,) = console.servers
        server.suspend()
        yield process, server


def press_ctrl_c(process):
    """Once, and wait until it is noticed."""
    process.send_signal(signal.SIGINT)
    while "^C received" not in process.stderr.readline():
        assert process.poll() is None


def test_ctrl_c_waits_for_what_is_being_made_and_the_next_up_goes_on(console, starting):
    stopped, server = starting
    press_ctrl_c(stopped)
    assert stopped.poll() is None
    server.resume()
    stopped.communicate(timeout=SECONDS)
    assert stopped.returncode == 1
    assert (console.servers, console.locks) == ([server], [])
    assert console.state["resources"][-1]["outputs"]["pid"] == server.pid

    answer = console.run("up", "--yes")
    assert answer.code == 0
    assert "nothing changes" in answer.out
    assert console.servers == [server]
    assert predict(console.url) == [2, 4, 6]


def test_a_second_ctrl_c_waits_for_nothing_and_the_next_up_goes_on(console, starting):
    stopped, server = starting
    press_ctrl_c(stopped)
    press_ctrl_c(stopped)
    stopped.communicate(timeout=SECONDS)
    assert stopped.returncode == 1
    assert console.locks == []
    server.resume()

    assert console.run("up", "--yes").code == 0
    assert len(console.servers) == 1
    assert predict(console.url) == [2, 4, 6]


def test_runs_killed_at_any_moment_leave_what_the_next_up_makes_right(console):
    moments = {
        3.0: lambda: lambda: bool(console.locks),
        4.0: lambda: newer(console.run_dir / "started.json"),
        5.0: lambda: newer(console.run_dir / "server.json"),
    }
    for factor, moment in moments.items():
        console.train(factor)
        reached = moment()
        with console.running("up", "--yes") as killed:
            when(reached, killed)
            children = set(psutil.Process(killed.pid).children(recursive=True)) - set(console.servers)
        assert psutil.wait_procs(children, timeout=SECONDS)[1] == []

    answer = console.run("up", "--yes")
    assert answer.code == 0
    assert "removed the lock of a run that has ended" in answer.err
    assert predict(console.url) == [5, 10, 15]
    assert len(console.servers) == 1
    assert console.locks == []
    assert "pending_operations" not in console.state
    assert "nothing changes" in console.run("up", "--yes").out


def test_a_secret_is_never_shown(console):
    console.write("__main__.py", WITH_A_SECRET)
    answers = []
    for token in ("t0p-s3cret", "an0ther-s3cret"):
        set_value(console.folder / "Pulumi.dev.yaml", "test:token", token, Secrets("x"))
        answers += [console.run(*words) for words in (["preview"], ["up", "--yes", "--json"])]
    answers.append(console.run("outputs", "--json"))
    assert [answer.code for answer in answers] == [0] * 5
    assert "tags: [secret] -> [secret]" in answers[2].out
    assert answers[4].json["token"] == "[secret]"
    written = [path.read_text() for path in console.folder.rglob("*") if path.suffix in (".json", ".log", ".bak")]
    assert [text for text in written if "s3cret" in text] == []
    assert [answer for answer in answers if "s3cret" in answer.out + answer.err] == []
