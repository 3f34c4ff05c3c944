"""Previews that use nothing but the program, its SDKs and an exported state."""

import json
import os
import textwrap

import pytest
from support.nurseries import lent

from modelport_engine import deployment
from modelport_engine.__main__ import main
from modelport_engine.console import Lines
from modelport_engine.deployment import Options
from modelport_engine.errors import EngineError
from modelport_engine.projects.project import Project

PRELUDE = """
import pulumi
import pulumi_aws as aws

class Raw(pulumi.CustomResource):
    def __init__(self, token, name, inputs, opts=None):
        super().__init__(token, name, inputs, opts)

"""
URN = "urn:pulumi:dev::clouds"
STACK = f"{URN}::pulumi:pulumi:Stack::clouds-dev"
PROVIDER = f"{URN}::pulumi:providers:aws::default_7_51_1"
CONFIG = {"__internal": {}, "region": "eu-central-1", "version": "7.51.1"}


@pytest.fixture
def project(tmp_path):
    """A project on a backend that cannot be reached, with a secret that cannot be read."""
    (tmp_path / "Pulumi.yaml").write_text("name: clouds\nruntime: python\nbackend: {url: s3://nobody-has-this}\n")
    stack = {"config": {"aws:region": "eu-central-1", "clouds:token": {"secure": "v1:AAAA:BBBB"}}}
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps(stack | {"secretsprovider": "awskms://alias/key"}))
    return tmp_path


@pytest.fixture
def preview(project):
    """Preview a program after `PRELUDE`; gives the result, the steps by name, and the messages."""

    def preview(program, **options):
        (project / "__main__.py").write_text(PRELUDE + textwrap.dedent(program))
        events = []
        env = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        given = Options(offline=True, **{"nursery": lent(), **options})
        result = deployment.preview(Project.load(project), "dev", given, on_event=events.append, env=env)
        steps = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
        messages = "".join(event["diagnosticEvent"]["message"] for event in events if "diagnosticEvent" in event)
        return result, {step["urn"].rpartition("::")[2]: step for step in steps}, messages, events

    return preview


def entry(kind, name, **fields):
    return {"urn": f"{URN}::{kind}::{name}", "custom": True, "type": kind, "id": name, "parent": STACK} | fields


@pytest.fixture
def state(project):
    """An exported state with a topic of the given inputs."""

    def state(kind="aws:sns/topic:Topic", **inputs):
        topic = entry(kind, "news", inputs=inputs, outputs=inputs, provider=f"{PROVIDER}::p-1")
        provider = entry(
            "pulumi:providers:aws",
            "default_7_51_1",
            id="p-1",
            inputs=CONFIG,
            parent="",
        )
        stack = {"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"}
        secrets = {"type": "awskms", "state": {}}
        latest = {"manifest": {}, "secrets_providers": secrets, "resources": [stack, provider, topic]}
        (project / "state.json").write_text(json.dumps({"version": 3, "deployment": latest}))
        return project / "state.json"

    return state


def test_resources_are_planned_without_provider_backend_passphrase_or_readable_secrets(preview):
    result, steps, messages, _ = preview("""
        token = pulumi.Config().require_secret("token")
        bucket = aws.s3.Bucket("models")
        aws.sagemaker.Model("m", execution_role_arn=bucket.arn, primary_container={"environment": {"TOKEN": token}})
        aws.sns.Topic("near", opts=pulumi.ResourceOptions(provider=aws.Provider("eu", region="eu-west-1")))
    """)

    assert result.exit_code == 0, messages
    assert {name: step["op"] for name, step in steps.items() if step.get("offline")} == dict.fromkeys(
        ("default_7_51_1", "models", "m", "near", "eu"), "create"
    )
    assert "offline" not in steps["clouds-dev"]
    assert "undecided: nothing" in messages


def test_what_only_a_provider_knows_is_unknown_and_counted(preview):
    result, steps, messages, _ = preview("""
        who = aws.get_caller_identity_output()
        vpc = aws.ec2.Vpc.get("vpc", "vpc-1")
        other = pulumi.StackReference("organization/other/dev").get_output("name")
        aws.sns.Topic("news", name=other, tags={"owner": who.account_id, "net": vpc.cidr_block})
        pulumi.export("owner", who.account_id)
    """)

    assert result.exit_code == 0, messages
    assert steps["vpc"]["op"] == "read"
    assert "undecided: 1 function call, 2 reads" in messages


def test_a_program_that_needs_the_result_of_a_function_at_once_is_told_of_the_other_form(preview):
    result, _, messages, _ = preview("aws.get_caller_identity().account_id.upper()")

    assert result.exit_code == 1
    assert "called aws:index/getCallerIdentity:getCallerIdentity" in messages
    assert "use the form that gives an output" in messages


def test_wrong_inputs_fail_the_preview_with_their_paths(preview):
    result, _, messages, _ = preview("""
        Raw("aws:sns/topic:Topic", "news", {"fifoTopc": True, "Name": "n", "deliveryPolicy": ["x"]})
    """)

    assert result.exit_code == 1
    assert (
        "property fifoTopc value {True} has a problem: is not a property of Topic; did you mean fifoTopic?" in messages
    )
    assert "did you mean name?" in messages
    assert "must be a text, not a list" in messages


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ('Raw("aws:sns/topik:Topik", "x", {})', "did you mean aws:sns/topic:Topic?"),
        ('Raw("nowhere:index:Thing", "x", {})', "no SDK of package nowhere is installed"),
        ('Raw("pulumi:providers:aws", "x", {"regon": "eu"})', "did you mean region?"),
        (
            'pulumi.ComponentResource("other:index:C", "c", {}, remote=True)',
            "other:index:C is made by the plugin other",
        ),
    ],
)
def test_what_cannot_be_planned_is_named(preview, program, told):
    result, _, messages, _ = preview(program)

    assert result.exit_code == 1
    assert told in messages


def test_a_plugin_that_the_project_brings_along_is_used(preview, project, workbench, monkeypatch):
    sim = workbench("demo").folder.parent / "sim"
    (project / "Pulumi.yaml").write_text(
        f"name: clouds\nruntime: python\nplugins: {{providers: [{{name: sim, path: {sim}}}]}}\n"
    )
    monkeypatch.setenv("SIM_CLOUD", str(project / "cloud"))
    monkeypatch.setenv("SIM_CALLS", str(project / "calls"))

    result, steps, messages, _ = preview('Raw("sim:index:Bucket", "b", {"name": "b"})')

    assert result.exit_code == 0, messages
    assert "offline" not in steps["b"]
    assert '"Check"' in (project / "calls").read_text()


class TestAgainst:
    def test_what_is_in_the_state_already_does_not_change(self, preview, state):
        program = 'aws.sns.Topic("news", name="news", tags={"a": "b"})'

        result, _, messages, _ = preview(program, against=state(name="news", tags={"a": "b"}), expect_no_changes=True)

        assert result.exit_code == 0, messages
        assert result.changes.keys() == {"same"}

    def test_a_change_may_replace_and_is_shown_with_its_paths(self, preview, state):
        program = 'aws.sns.Topic("news", name="news", tags={"a": "c", "d": "e"})'

        result, steps, messages, _ = preview(program, against=state(name="news", tags={"a": "b"}))

        assert result.changes["update"] == 1
        assert steps["news"]["mayReplace"] is True
        assert set(steps["news"]["detailedDiff"]) == {"tags.a", "tags.d"}
        assert "undecided: 1 update that may replace" in messages

    def test_what_the_provider_had_added_is_no_change(self, preview, state):
        known = {"__defaults": ["name"], "name": "news-1a2b3c4", "displayName": "d"}

        assert preview('aws.sns.Topic("news", display_name="d")', against=state(**known))[0].changes.keys() == {"same"}

    def test_a_secret_that_cannot_be_read_is_not_compared(self, preview, state):
        secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:x:y"}
        program = 'aws.sns.Topic("news", name="news", tags={"a": pulumi.Config().require_secret("token")})'

        assert preview(program, against=state(name="news", tags=secret))[0].changes.keys() == {"same"}

    def test_what_the_program_no_longer_has_would_be_deleted(self, preview, state):
        assert preview("", against=state(name="news"))[0].changes["delete"] == 1

    def test_another_stacks_state_is_refused(self, preview, state):
        file = state(name="news")
        file.write_text(file.read_text().replace("pulumi:dev::clouds", "pulumi:prod::clouds"))

        with pytest.raises(EngineError, match="does not belong to stack dev"):
            preview("", against=file)

    def test_a_file_that_is_no_state_is_refused(self, preview, project):
        with pytest.raises(EngineError, match="cannot read a state from"):
            preview("", against=project / "absent.json")


def test_a_line_of_an_offline_resource_says_so(preview, state, capsys):
    *_, events = preview('aws.sns.Topic("news", name="other")', against=state(name="news"))

    lines = Lines()
    for event in events:
        lines(event)

    assert "aws:sns/topic:Topic news  [name]  offline, may replace" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"), [(["--against", "x"], "add --offline"), (["--offline", "--refresh"], "leave one of the two out")]
)
def test_options_that_contradict_each_other_are_refused(project, capsys, words, told):
    assert main(["preview", "--cwd", str(project), "--stack", "dev", *words]) == 2
    assert told in capsys.readouterr().err
