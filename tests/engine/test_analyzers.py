"""Policy packs: what they are told, what they may do, and what becomes of their verdicts."""

import json

import pytest

OF_RESOURCES = ("limit", "upstream", "owner", "provider", "trouble")  # of the pack `rules`, and one for the stack
SITE = {"mode": "base", "region": "r1", "password": "hunter2"}
PACK = """
import os, sys
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy, StackValidationPolicy

def look(args, report):
    {look}

def survey(args, report):
    {survey}

PolicyPack("own", enforcement_level=EnforcementLevel.MANDATORY, policies=[
    ResourceValidationPolicy("look", "looks", look),
    StackValidationPolicy("survey", "surveys", survey),
])
"""


@pytest.fixture
def demo(workbench):
    """The project demo with its config; `configure` changes it."""
    bench = workbench("demo")
    bench.configure(["password"], **SITE)
    return bench


@pytest.fixture
def judged(demo, tmp_path):
    """Run a command of project demo under the pack `rules`, or those given; `config` is what the user's file says."""

    def run(command, *packs, config=None, **options):
        packs = packs or (demo.folder.parent / "rules",)
        file = tmp_path / "policies.json"
        file.write_text(config if isinstance(config, str) else json.dumps(config))
        configs = {packs[0]: file} if config is not None else {}
        skip = {} if command == "preview" else {"skip_preview": True}
        return demo.run(command, policy_packs=packs, policy_config=configs, **skip | options)

    return run


@pytest.fixture
def pack(tmp_path):
    """Write a pack of one policy for resources and one for the stack, of these lines of Python."""

    def write(look="pass", survey="pass", text=PACK):
        folder = tmp_path / "own"
        folder.mkdir(exist_ok=True)
        (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
        (folder / "__main__.py").write_text(text.format(look=look, survey=survey))
        return folder

    return write


def violations(bench):
    """Policy, resource and level of everything that policies said."""
    said = bench.bodies("policyEvent")
    return {(each["policyName"], each["resourceUrn"].rpartition("::")[2], each["enforcementLevel"]) for each in said}


def counts(bench):
    return bench.bodies("summaryEvent")[-1]["policies"]


def test_a_policy_has_its_properties_from_the_pack_and_the_user_changes_them(demo, judged):
    demo.configure(mode="big")
    assert judged("up").exit_code == 1
    assert ("limit", "big", "mandatory") in violations(demo)
    assert judged("up", config={"limit": {"limit": 2000}}).exit_code == 0
    assert not {policy for policy, _, _ in violations(demo)} & {"limit"}


def test_a_level_for_all_gives_way_to_a_policys_own(demo, judged):
    demo.configure(mode="big")
    assert judged("preview", config={"all": "disabled", "limit": "advisory"}).exit_code == 0
    assert violations(demo) == {("limit", "big", "advisory")}
    assert set(demo.bodies("policyAnalyzeSummaryEvent")[0]["passed"]) == {"limit"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"limit": {"limit": "x"}}, "limit: limit: Invalid type. Expected: integer, given: string"),
        ({"limit": {"limit": 0}}, "limit: limit: Must be greater than or equal to 1"),
        ({"trouble": {"kind": "odd"}}, 'trouble: kind: kind must be one of the following: "raise", "exit"'),
        ({"limit": "strict"}, "parsing enforcement level for 'limit': 'strict' is none of advisory, mandatory"),
        ({"limit": 3}, "parsing 'limit': 3 is not a level, nor an object with properties"),
        ({"nobody": {"x": 1}}, "policy pack rules has no policy 'nobody', only arns, limit"),
        ({"environments": ["e"]}, "ESC environments"),
        ([], "must be an object"),
        ("{", "cannot be read as JSON"),
    ],
)
def test_a_wrong_configuration_stops_the_run_and_says_what_is_wrong(demo, judged, config, words):
    assert judged("preview", config=config).exit_code == 1
    assert words in demo.errors()
    assert not demo.bodies("resourcePreEvent")


def test_every_problem_of_a_configuration_is_told_at_once(demo, judged):
    judged("preview", config={"limit": {"limit": "x"}, "trouble": {"kind": "odd"}})
    told = [line for line in demo.errors().splitlines() if line.startswith("validating policy config: rules 1.2.3  ")]
    assert len(told) == 2


def test_a_required_property_must_be_given(demo, judged, pack):
    schema = 'config_schema=PolicyConfigSchema({{"owner": {{"type": "string"}}}}, ["owner"]), '
    text = PACK.replace('"looks", look', f'"looks", look, {schema}').replace(
        "import Enf", "import PolicyConfigSchema, Enf"
    )
    assert judged("preview", pack(text=text)).exit_code == 1
    assert "look: owner is required" in demo.errors()
    assert judged("preview", pack(text=text), config={"look": {"owner": "me"}}).exit_code == 0


def test_a_remediation_changes_what_is_created_and_is_told_with_secrets_hidden(demo, judged):
    assert judged("up").exit_code == 0
    buckets = [each for each in demo.state["resources"] if each["type"] == "sim:index:Bucket"]
    assert {bucket["inputs"]["owner"] for bucket in buckets} == {"me"}
    changes = demo.bodies("policyRemediationEvent")
    assert all("owner" not in change["before"] and change["after"]["owner"] == "me" for change in changes)
    assert len(changes) == len(buckets)


def test_a_policy_at_level_remediate_that_still_finds_fault_is_mandatory(demo, judged, pack):
    text = PACK.replace('"own", ', '"own", initial_config={{"look": EnforcementLevel.REMEDIATE}}, ')
    assert judged("up", pack("report('bad')", text=text)).exit_code == 1
    assert {level for _, _, level in violations(demo)} == {"mandatory"}


def test_the_stack_components_and_providers_of_both_kinds_are_judged_and_see_their_provider(demo, judged, pack):
    look = "print(args.resource_type, args.provider and dict(args.provider.props), file=sys.stderr, flush=True)"
    assert judged("up", pack(look)).exit_code == 0
    said = "".join(body["message"] for body in demo.bodies("diagnosticEvent"))
    for kind in ("pulumi:pulumi:Stack None", "demo:index:Site None", "pulumi:providers:sim None"):
        assert kind in said
    assert "sim:index:Bucket {'prefix': 'p2-'}" in said
    assert "sim:index:Bucket {}" in said


def test_a_stack_policy_sees_outputs_also_the_stacks_own_and_fails_the_update_after_the_changes(demo, judged, pack):
    survey = "[report(each.props['url'], each.urn) for each in args.resources if 'secretPw' in each.props]"
    assert judged("up", pack(survey=survey)).exit_code == 1
    (found,) = demo.bodies("policyEvent")
    assert found["message"].startswith("surveys\nhttp://arn:sim:site-server")
    assert found["resourceUrn"].endswith("::demo-dev")
    assert demo.errors() == "update failed\n"
    assert demo.cloud


def test_what_a_stack_policy_says_of_nothing_in_the_stack_is_said_of_the_stack(demo, judged, pack):
    judged("preview", pack(survey="report('all of it'), report('gone', 'urn:pulumi:dev::demo::t::gone')"))
    assert {urn for _, urn, _ in violations(demo)} == {"demo-dev"}


def test_a_violation_stops_an_update_before_the_resource_and_a_preview_only_at_its_end(demo, judged):
    demo.configure(mode="big")
    assert judged("preview").exit_code == 1
    assert ("create", "big") in demo.steps()
    assert demo.errors() == "preview failed\n"
    assert judged("up").exit_code == 1
    assert "big" not in {name for _, name in demo.steps()}
    assert demo.errors() == ""


def test_an_event_has_the_severity_that_the_policy_states(demo, judged):
    demo.configure(mode="unknown")
    judged("preview")
    severities = {body["policyName"]: body.get("severity") for body in demo.bodies("policyEvent")}
    assert severities == {"provider": None, "upstream": "low", "arns": "critical"}


def test_what_is_not_known_yet_is_undecided_in_the_preview_and_evaluated_in_the_update(demo, judged):
    demo.configure(mode="unknown")
    assert judged("preview").exit_code == 0
    assert counts(demo)["undecided"] == 2
    assert [each["undecided"] for each in demo.bodies("policyAnalyzeStackSummaryEvent")] == [["arns"]]
    before = counts(demo)
    assert judged("up").exit_code == 0
    assert counts(demo)["undecided"] == 0
    assert counts(demo)["evaluated"] == before["evaluated"] + 2


def test_a_policy_that_does_not_apply_is_counted_with_its_reason(demo, judged):
    judged("preview")
    reasons = [each.get("notApplicable") for each in demo.bodies("policyAnalyzeSummaryEvent")]
    assert reasons.count({"upstream": "only servers have one"}) == counts(demo)["notApplicable"] > 0
    resources = len(reasons)
    assert sum(counts(demo).values()) == resources * len(OF_RESOURCES) + 1


def test_a_remediation_that_needs_an_unknown_value_is_undecided_and_an_advice(demo, judged, pack):
    text = PACK.replace('"looks", look', '"looks", look, EnforcementLevel.REMEDIATE, remediate=mend').replace(
        "def survey", "def mend(args):\n    raise UnknownValueError(UNKNOWN_STRING_VALUE, ['arn'])\n\ndef survey"
    )
    text = f"from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError\n{text}"
    assert judged("preview", pack(text=text)).exit_code == 0
    assert {(policy, level) for policy, _, level in violations(demo)} == {("look", "advisory")}
    assert counts(demo) == {"evaluated": 1, "notApplicable": 0, "undecided": len(demo.bodies("policyEvent"))}


def test_a_message_that_sounds_undecided_is_a_violation(demo, judged, pack):
    assert judged("preview", pack(survey="""report("can't run policy 'look' from policy pack")""")).exit_code == 1
    assert counts(demo)["undecided"] == 0


def test_with_fail_on_undecided_a_preview_fails_and_names_policies_and_resources(demo, judged):
    demo.configure(mode="unknown")
    assert judged("preview", fail_on_undecided=True).exit_code == 1
    assert "rules: upstream on urn:pulumi:dev::demo::sim:index:Server::dep\n" in demo.errors()
    assert "rules: arns on urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev\n" in demo.errors()


def test_with_fail_on_undecided_an_update_stops_at_its_preview(demo, judged):
    demo.configure(mode="unknown")
    assert judged("up", fail_on_undecided=True, skip_preview=False).exit_code == 1
    assert not demo.cloud_file.exists()
    assert judged("up", fail_on_undecided=True).exit_code == 0


def test_a_pack_is_told_whether_it_judges_a_preview_in_its_environment_too(demo, judged, pack):
    look = "print('dry', os.environ['PULUMI_DRY_RUN'], os.getpid(), file=sys.stderr, flush=True)"
    assert judged("up", pack(look), skip_preview=False).exit_code == 0
    lines = [body["message"].split()[-2:] for body in demo.bodies("diagnosticEvent") if ": dry " in body["message"]]
    assert {dry for dry, _ in lines} == {"true", "false"}
    assert len({process for _, process in lines}) == 2


def test_a_pack_that_does_not_load_stops_the_run_with_what_it_wrote(demo, judged, pack):
    assert judged("up", pack(text="raise RuntimeError('no rules today')\n")).exit_code == 1
    assert "RuntimeError: no rules today" in demo.errors()
    assert not demo.cloud_file.exists()


def test_a_policy_that_raises_stops_the_run_with_its_traceback(demo, judged):
    assert judged("preview", config={"trouble": {"kind": "raise"}}).exit_code == 1
    assert "policy pack rules failed: " in demo.errors()
    assert "LookupError: no such rule" in demo.errors()


def test_a_pack_that_dies_stops_the_run_with_what_it_wrote(demo, judged):
    assert judged("up", config={"trouble": {"kind": "exit"}}).exit_code == 1
    assert "ended with exit code 3" in demo.errors()
    assert "rules: out of memory" in demo.errors()
    assert "sim:index:Bucket" not in {each["metadata"]["type"] for each in demo.bodies("resourcePreEvent")}


def test_what_a_policy_says_of_a_secret_of_the_config_is_hidden(demo, judged, pack):
    judged("preview", pack("'password' in args.props and report(f'weak: {args.props[\"password\"]}')"))
    assert "weak: [secret]" in json.dumps(demo.events)
    assert "hunter2" not in json.dumps(demo.events)


def test_two_packs_judge_side_by_side_and_are_counted_together(demo, judged, pack):
    assert judged("preview", demo.folder.parent / "rules", pack("report('never')")).exit_code == 1
    assert {policy for policy, _, _ in violations(demo)} == {"arns", "provider", "look"}
    assert {name.partition("|")[0] for name in demo.bodies("summaryEvent")[-1]["PolicyPacks"]} == {"rules", "own"}


def test_a_folder_without_a_manifest_is_no_pack(demo, judged, tmp_path):
    assert judged("preview", tmp_path).exit_code == 1
    assert "PulumiPolicy.yaml is missing" in demo.errors()
