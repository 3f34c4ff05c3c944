import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from support.console import MODELPORT, PROGRAM, SERVICE, Console, predict
from support.models import save, scaling

from modelport.cli.commands import deploy
from modelport.cli.engines.embedded import Embedded
from modelport.cli.errors import UsageError
from modelport.plan import FIELDS, Objection, native, refused
from modelport.spec import load_environment
from modelport.targets import load
from modelport_engine.errors import EngineError

DIGEST = "sha256:" + "0" * 64
STACK = """\
config:
  modelport:target: local
  modelport:environment: dev
  modelport:services: [fraud]
  modelport:releases:
    fraud: {releases}
"""


@pytest.fixture
def stack(project):
    """The stack file of a project with a second model; its service has two rollout steps."""
    save(scaling(3.0), project / "models" / "next.onnx")
    with (project / "services" / "fraud.yaml").open("a") as file:
        file.write("rollout:\n  steps: [5, 40]\n")
    return project / "Pulumi.local.yaml"


@pytest.fixture
def ups(stack, monkeypatch):
    """The stacks that were brought up, on a target that has releases."""
    done = []
    target = replace(load("local"), capabilities=dict.fromkeys(FIELDS, native("Any.request", source="a test")))
    monkeypatch.setattr("modelport.targets.load", lambda name: target)

    def up(operation, stack, *, yes, begins):
        begins()
        done.append((operation, stack, yes))
        return 0

    monkeypatch.setattr(deploy, "deploy", up)
    monkeypatch.setattr("modelport.cli.engines.choose", lambda *_: Embedded())
    return done


@pytest.fixture
def last_up(monkeypatch):
    """Have the stack's outputs say what share the candidate has; None for a stack without state."""

    def last_up(*shares):
        targets = {f"t{share}": {"live": [{"weight": 100 - share}, {"weight": share}]} for share in shares}
        monkeypatch.setattr(Embedded, "outputs", lambda *_: {"services": {"fraud": {"targets": targets}}})

    return last_up


@pytest.fixture
def rollout(modelport):
    def command(word, *words):
        return modelport("rollout", word, "fraud", *words)

    return command


def live(stack):
    """What the stack file says of the service."""
    releases = load_environment(stack).releases["fraud"]
    return releases.stable.source, releases.candidate and releases.candidate.source, releases.weight, releases.mirror


def test_a_rollout_goes_step_by_step_to_all_requests(stack, ups, rollout):
    own, new = "../models/fraud.onnx", "../models/next.onnx"
    for words, wanted, following in [
        (["start", "--source", new], (own, new, 5, 0), "step"),
        (["step"], (own, new, 40, 0), "promote"),
        (["promote"], (new, None, 0, 0), "start"),
    ]:
        answer = rollout(*words, "--yes")
        assert (answer.code, answer.err, live(stack)) == (0, "", wanted)
        assert answer.out.splitlines()[-1] == f"next: modelport rollout {following} fraud -s local"
    assert ups == [("up", "local", True)] * 3


def test_a_promoted_version_keeps_its_slot_and_the_next_candidate_gets_the_other(stack, ups, rollout):
    for source, slots in (("../models/next.onnx", ("green", "blue")), ("../models/fraud.onnx", ("blue", "green"))):
        rollout("start", "--source", source, "--yes")
        assert load_environment(stack).releases["fraud"].slots == slots[::-1]
        rollout("promote", "--yes")
        assert load_environment(stack).releases["fraud"].slots == slots


def test_an_aborted_rollout_leaves_the_stable_version_with_all_requests(stack, ups, rollout):
    rollout("start", "--source", "../models/next.onnx", "--weight", "100", "--yes")
    assert rollout("abort", "--yes").code == 0
    assert live(stack) == ("../models/fraud.onnx", None, 0, 0)


@pytest.fixture
def waiting(ups, monkeypatch):
    """A target whose updates always wait for instances."""
    rows = dict.fromkeys(FIELDS, native("Any.request", source="a test"))
    target = replace(load("local"), capabilities={**rows, "releases.unwaited": refused("it waits", instead="patience")})
    monkeypatch.setattr("modelport.targets.load", lambda name: target)


@pytest.fixture
def shares(stack, waiting, monkeypatch):
    """What the stack file said at each `up`; an up of the shares in `failing` fails after it has begun."""

    class Shares(list):
        failing = ()

    seen = Shares()

    def up(operation, _, *, yes, begins):
        begins()
        seen.append(live(stack)[1:3])
        return 1 if seen[-1][1] in seen.failing else 0

    monkeypatch.setattr(deploy, "deploy", up)
    return seen


def test_a_candidate_loses_its_share_before_it_goes_where_that_takes_time(stack, shares, rollout):
    new = "../models/next.onnx"
    rollout("start", "--source", new, "--weight", "90", "--yes")
    answer = rollout("abort", "--yes")
    assert shares == [(new, 90), (new, 0), (None, 0)]
    assert answer.code == 0 and "Two updates" in answer.err
    assert [line.split()[0] for line in answer.out.splitlines()].count("next:") == 1


def test_a_candidate_without_a_share_goes_at_once(shares, rollout):
    rollout("start", "--source", "../models/next.onnx", "--weight", "0", "--yes")
    assert rollout("abort", "--yes").err == ""
    assert len(shares) == 2


def test_a_candidate_stays_where_its_share_could_not_be_taken_and_another_abort_goes_on(stack, shares, rollout):
    new = "../models/next.onnx"
    rollout("start", "--source", new, "--weight", "90", "--yes")
    shares.failing = (0,)
    assert rollout("abort", "--yes").code == 1
    assert live(stack)[1:3] == (new, 0)
    shares.failing = ()
    assert rollout("abort", "--yes").code == 0
    assert shares[-1] == (None, 0)


def test_whoever_brings_an_abort_up_elsewhere_hears_that_the_share_stays_meanwhile(stack, shares, rollout):
    rollout("start", "--source", "../models/next.onnx", "--weight", "90", "--yes")
    answer = rollout("abort", "--no-up")
    assert "keeps its 90 % until the update is done: `step --weight 0` takes them." in answer.err
    assert len(shares) == 1 and live(stack)[1] is None


def test_a_share_that_is_not_more_than_the_candidate_has_waits_for_nobody(stack, ups, rollout, last_up):
    rollout("start", "--source", "../models/next.onnx", "--weight", "90", "--yes")
    last_up(50, 40)
    for share, waits in ((41, True), (40, False), (80, True), (41, True), (0, False), (30, True)):
        rollout("step", "--weight", str(share), "--yes")
        assert load_environment(stack).releases["fraud"].unwaited == (None if waits else share)
    last_up(0)
    rollout("step", "--weight", "0", "--yes")
    assert load_environment(stack).releases["fraud"].unwaited == 0, "a mirror ends at once, too"


def test_a_share_waits_where_a_target_always_does(stack, waiting, rollout, last_up):
    rollout("start", "--source", "../models/next.onnx", "--weight", "90", "--yes")
    last_up(90)
    assert rollout("step", "--weight", "10", "--yes").code == 0
    assert load_environment(stack).releases["fraud"].unwaited is None


def test_a_step_goes_on_from_the_share_that_the_candidate_really_has(stack, ups, rollout, last_up):
    rollout("start", "--source", "../models/next.onnx", "--weight", "40", "--yes")
    last_up(0)
    rollout("step", "--yes")
    assert live(stack)[2] == 5
    rollout("step", "--no-up")
    assert live(stack)[2] == 40, "whoever brings it up elsewhere has no outputs here"


@pytest.mark.parametrize("word", ["promote", "abort"])
def test_the_end_of_a_rollout_leaves_no_word_of_waiting(stack, ups, rollout, last_up, word):
    last_up(50)
    rollout("start", "--source", "../models/next.onnx", "--weight", "50", "--yes")
    rollout("step", "--weight", "10", "--yes")
    assert "unwaited: 10" in stack.read_text()
    assert rollout(word, "--yes").code == 0
    rollout("start", "--source", "../models/next.onnx", "--yes")
    assert "unwaited" not in stack.read_text()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"services": {}},
        {"services": {"fraud": {"targets": {}}}},
        {"services": {"fraud": {"targets": {"local": {"live": [{"weight": 100}]}}}}},
        {"services": "[secret]"},
        EngineError("no passphrase"),
    ],
)
def test_a_share_waits_where_nothing_says_what_the_candidate_has(stack, ups, rollout, monkeypatch, said):
    def outputs(*_):
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(Embedded, "outputs", outputs)
    rollout("start", "--source", "../models/next.onnx", "--weight", "50", "--yes")
    answer = rollout("step", "--weight", "1", "--yes")
    assert answer.code == 0
    assert load_environment(stack).releases["fraud"].unwaited is None


def test_a_candidate_can_be_pinned(stack, ups, rollout):
    image = "registry.example/serve@" + DIGEST
    rollout("start", "--source", "s3://models/next", "--digest", DIGEST, "--image", image, "--weight", "7", "--yes")
    candidate = load_environment(stack).releases["fraud"].candidate
    assert (candidate.source, candidate.digest, candidate.image) == ("s3://models/next", DIGEST, image)
    assert live(stack)[2] == 7


def test_a_mirrored_candidate_gets_copies_first_and_requests_at_its_first_step(stack, ups, rollout, project):
    with (project / "services" / "fraud.yaml").open("a") as file:
        file.write("  mirror: 20\n")
    rollout("start", "--source", "../models/next.onnx", "--yes")
    assert live(stack)[2:] == (0, 20)
    rollout("step", "--yes")
    assert live(stack)[2:] == (5, 0)


def test_where_no_share_can_be_given_promote_comes_next(stack, ups, rollout, monkeypatch):
    def no_shares(service, environment):
        if environment.releases["fraud"].weight:
            yield Objection("modelport:releases.fraud.weight", None, "nobody divides requests", "Promote it.")

    with_releases = dict.fromkeys(FIELDS, native("Any.request", source="a test"))
    target = replace(load("local"), capabilities=with_releases, rules=no_shares)
    monkeypatch.setattr("modelport.targets.load", lambda name: target)
    assert rollout("start", "--source", "../models/next.onnx", "--yes").code == 4
    answer = rollout("start", "--source", "../models/next.onnx", "--weight", "0", "--yes")
    assert answer.out.splitlines()[-1] == "next: modelport rollout promote fraud -s local"
    assert rollout("status").out.splitlines()[-1] == "next: modelport rollout promote fraud -s local"
    assert live(stack)[2] == 0


def test_the_rest_of_the_stack_file_stays_byte_for_byte(stack, rollout):
    before = stack.read_bytes()
    assert rollout("start", "--source", "../models/next.onnx", "--no-up").code == 0
    assert stack.read_bytes().startswith(before)
    assert stack.read_bytes() != before


def test_status_shows_versions_and_shares(stack, ups, rollout):
    assert (
        rollout("status").out == "stable  100 %  ../models/fraud.onnx\nnext: modelport rollout start fraud -s local\n"
    )
    rollout("start", "--source", "../models/next.onnx", "--yes")
    assert rollout("status", "--json").json == {
        "service": "fraud",
        "stable": {"source": "../models/fraud.onnx"},
        "candidate": {"source": "../models/next.onnx"},
        "weight": 5,
        "mirror": 0,
        "nextStep": 40,
    }


def test_what_a_target_refuses_is_not_written(stack, rollout):
    before = stack.read_bytes()
    answer = rollout("start", "--source", "../models/next.onnx", "--yes")
    assert (answer.code, answer.out) == (4, "")
    assert "modelport:releases.fraud.candidate.source" in answer.err
    assert answer.err.endswith("nothing was changed.\n")
    assert stack.read_bytes() == before


def test_without_up_a_refusal_is_only_told(stack, rollout):
    answer = rollout("start", "--source", "../models/next.onnx", "--no-up")
    assert answer.code == 0
    assert "MP402 unbuilt on local" in answer.err
    assert live(stack)[2] == 5


def test_the_exit_code_is_that_of_the_up(stack, ups, rollout, monkeypatch):
    monkeypatch.setattr(deploy, "deploy", lambda *_, **__: 3)
    assert rollout("start", "--source", "../models/next.onnx", "--yes").code == 3


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_what_was_not_begun_is_taken_back(stack, ups, rollout, monkeypatch, code):
    before = stack.read_bytes()
    monkeypatch.setattr(deploy, "deploy", lambda *_, **__: code)
    answer = rollout("start", "--source", "../models/next.onnx", "--yes")
    assert answer.code == code
    assert answer.err == "Pulumi.local.yaml  modelport:releases.fraud  is as it was: nothing was brought up.\n"
    assert "next:" not in answer.out
    assert stack.read_bytes() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UsageError("no"), EngineError("locked")])
def test_what_was_stopped_before_it_began_is_taken_back(stack, ups, rollout, monkeypatch, error):
    def up(*_, **__):
        raise error

    before = stack.read_bytes()
    monkeypatch.setattr(deploy, "deploy", up)
    answer = rollout("start", "--source", "../models/next.onnx", "--yes")
    assert answer.code > 0
    assert "is as it was" in answer.err
    assert stack.read_bytes() == before


def test_what_has_begun_stays_written_though_it_fails(stack, ups, rollout, monkeypatch):
    monkeypatch.setattr(deploy, "deploy", lambda *_, begins, **__: begins() or 1)
    answer = rollout("start", "--source", "../models/next.onnx", "--yes")
    assert (answer.code, answer.err) == (1, "")
    assert live(stack)[2] == 5


def test_what_somebody_has_written_meanwhile_stays(stack, ups, rollout, monkeypatch):
    def up(*_, **__):
        stack.write_text(stack.read_text() + "# theirs\n")
        return 1

    monkeypatch.setattr(deploy, "deploy", up)
    answer = rollout("start", "--source", "../models/next.onnx", "--yes")
    assert "has changed meanwhile, and stays" in answer.err
    assert stack.read_text().endswith("# theirs\n")
    assert live(stack)[2] == 5


@pytest.fixture
def console(tmp_path):
    """A stack on this machine whose file has a candidate, which `promote` and `abort` take out of it."""
    with Console(tmp_path / "project") as console:
        (console.folder / "services").mkdir()
        console.write("services/fraud.yaml", SERVICE.replace("model.onnx", "../model.onnx"))
        console.write("__main__.py", PROGRAM.replace('f"{name}', 'f"services/{name}'))
        save(scaling(3.0), console.folder / "next.onnx")
        live = {"stable": {"source": "../model.onnx"}, "candidate": {"source": "../next.onnx"}, "weight": 5}
        console.write("Pulumi.dev.yaml", STACK.format(releases=json.dumps(live)))
        yield console


@pytest.mark.parametrize("answer", ["n", "ctrl-c"])
def test_whoever_does_not_go_ahead_has_the_stack_file_as_it_was(console, answer):
    before = (console.folder / "Pulumi.dev.yaml").read_bytes()
    code, said = on_a_terminal(console, "rollout", "promote", "fraud", answer=answer)
    assert (code, console.servers) == (1, [])
    assert "is as it was: nothing was brought up." in said
    assert (console.folder / "Pulumi.dev.yaml").read_bytes() == before


def test_whoever_goes_ahead_has_it_written_and_brought_up(console):
    code, said = on_a_terminal(console, "rollout", "promote", "fraud", answer="y")
    assert code == 0, said
    assert "as it was" not in said
    assert load_environment(console.folder / "Pulumi.dev.yaml").releases["fraud"].stable.source == "../next.onnx"
    assert predict(console.url) == [3, 6, 9]


def test_what_the_policies_stop_is_taken_back(console):
    console.write("services/fraud.yaml", "metadata: {name: fraud}\nmodel: {source: ../model.onnx}\n")
    console.env["MODELPORT_POLICY_PROFILE"] = "regulated"
    before = (console.folder / "Pulumi.dev.yaml").read_bytes()
    answer = console.run("rollout", "abort", "fraud", "--yes")
    assert answer.code == 3
    assert answer.err.endswith("is as it was: nothing was brought up.\n")
    assert (console.folder / "Pulumi.dev.yaml").read_bytes() == before


def on_a_terminal(console, *words, answer):
    """Exit code and output of a command that asks whether to go ahead."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", MODELPORT, *words]
    process = subprocess.Popen(
        command, cwd=console.folder, env={**console.env, "TERM": "dumb"}, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    with suppress(OSError):  # the other end is closed
        while part := os.read(ours, 4096):
            said += part
            if said.endswith(b"Go ahead? [y/N]: "):
                time.sleep(0.5)  # until it reads: Python misses a signal that comes right before
                process.send_signal(signal.SIGINT) if answer == "ctrl-c" else os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    return process.wait(), " ".join(said.decode().split())


@pytest.mark.parametrize(
    ("words", "help_"),
    [
        (["step"], "no rollout is on. Start one: modelport rollout start fraud"),
        (["promote"], "no rollout is on"),
        (["abort"], "no rollout is on"),
        (["start", "--source", "../models/nxt.onnx"], "no such file"),
        (["start", "--source", "ftp://models/next"], "must be a path or a URI"),
        (["start", "--source", "../models/next.onnx", "--digest", "abc"], "must be sha256:"),
        (["start", "--source", "../models/next.onnx", "--weight", "101"], "--weight"),
    ],
)
def test_nonsense_changes_nothing(stack, ups, rollout, words, help_):
    before = stack.read_bytes()
    answer = rollout(*words, "--yes")
    assert (answer.code, answer.out, ups) == (2, "", [])
    assert help_ in answer.err
    assert stack.read_bytes() == before


def test_a_second_candidate_and_a_step_after_the_last_are_nonsense(stack, ups, rollout):
    rollout("start", "--source", "../models/next.onnx", "--weight", "40", "--yes")
    before = stack.read_bytes()
    second = rollout("start", "--source", "../models/next.onnx", "--yes")
    further = rollout("step", "--yes")
    assert (second.code, further.code) == (2, 2)
    assert "a rollout is on already" in second.err
    assert "it has had every step. Promote it." in further.err
    assert stack.read_bytes() == before


def test_without_a_terminal_it_asks_for_a_yes_before_it_writes(stack, ups, rollout):
    before = stack.read_bytes()
    answer = rollout("start", "--source", "../models/next.onnx")
    assert (answer.code, ups) == (2, [])
    assert "--yes" in answer.err
    assert stack.read_bytes() == before


def test_a_service_of_another_stack_is_not_touched(stack, project, modelport):
    (project / "services" / "spam.yaml").write_text("metadata: {name: spam}\nmodel: {source: ../models/fraud.onnx}\n")
    answer = modelport("rollout", "status", "spam")
    assert answer.code == 2
    assert "spam is not in this stack" in answer.err


def test_a_wrong_stack_file_is_told_with_its_line(stack, rollout):
    with stack.open("a") as file:
        file.write("  modelport:releases: {fraud: {stabel: {source: x.onnx}}}\n")
    answer = rollout("status")
    assert answer.code == 2
    assert "Pulumi.local.yaml:7  modelport:releases.fraud.stabel\n  unknown field. Did you mean stable?" in answer.err
