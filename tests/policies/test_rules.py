import re
import shutil
import subprocess
import sys

import pytest

from modelport_policies import templates
from modelport_policies.errors import PolicyError
from modelport_policies.review import review
from modelport_policies.rules import own_controls
from modelport_policies.testing import UNKNOWN, Given, judged

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
HEAD = """\
from modelport_policies.control import ADVICE, Control

def check(_resource):
    "Nothing."
    return ()

def control(id="ACME-01", check=check):
    return Control(id, "A rule", "low", ADVICE, (), "Nothing.", {"a:b:C": check})

"""


@pytest.fixture
def rules(tmp_path):
    """The rule that `modelport policies new` writes, with its tests."""
    for file in templates.files():
        shutil.copy(file, tmp_path)
    return tmp_path / "rules.py"


@pytest.fixture
def written(tmp_path):
    def write(text):
        file = tmp_path / "own.py"
        file.write_text(HEAD + text)
        return file

    return write


def test_the_template_s_tests_pass_beside_it(rules):
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_rules.py"]
    done = subprocess.run(words, cwd=rules.parent, capture_output=True, text=True)
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_a_rule_of_one_s_own_judges_with_profiles_and_parameters_like_any_other(rules):
    deployment = Given(DEPLOYMENT, {"metadata": {"labels": {"team": "law"}}}, name="digits")
    state = {
        "deployment": {"resources": [{"type": deployment.type, "urn": deployment.urn, "inputs": deployment.inputs}]}
    }

    def verdicts(**options):
        return [each.verdict for each in review(state, rules=rules, **options).results if each.control.id == "ACME-01"]

    assert verdicts() == ["violated"]
    assert verdicts(parameters={"ACME-01": {"teams": ["law"]}}) == ["passed"]
    assert verdicts(profile="baseline") == ["notApplicable"]


def test_the_pack_presents_a_rule_of_one_s_own(analyzer, rules):
    with analyzer(MODELPORT_POLICY_RULES=str(rules)) as pack:
        assert "ACME-01" in pack.policies()
        answer = pack.analyze(DEPLOYMENT, {"metadata": {}})
    assert [each.message for each in answer.diagnostics if each.policyName == "ACME-01"] == [
        "ACME-01 A deployment says which team it is of\n"
        "its team is not named; it is one of vision, fraud. Set the label team."
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "CONTROLS: is missing"),
        ("CONTROLS = 1", "CONTROLS: is something else"),
        ("CONTROLS = [1]", "CONTROLS: is something else"),
        ("CONTROLS = [control('acme')]", "acme: an id is capitals and a number"),
        ("CONTROLS = [control('NET-01')]", "NET-01: modelport has a control of this id"),
        ("CONTROLS = [control('GOV-12')]", "GOV-12: modelport has a control of this id"),
        ("CONTROLS = [control(), control()]", "ACME-01: two controls have this id"),
        ("CONTROLS = [control(check=lambda resource: ())]", "the check of a:b:C has no docstring"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
        ("CONTROLS = [", "cannot be imported: SyntaxError"),
    ],
)
def test_wrong_rules_are_refused_with_the_file_and_what_is_wrong(written, text, fault):
    with pytest.raises(PolicyError, match=re.escape(fault)) as error:
        own_controls(written(text))
    assert "own.py  " in str(error.value)


def test_wrong_rules_stop_the_pack(failed_start, written):
    assert "CONTROLS: is missing" in failed_start(MODELPORT_POLICY_RULES=str(written("")))


def test_rules_may_import_what_lies_beside_them(written, tmp_path):
    (tmp_path / "beside_the_rules.py").write_text("ID = 'ACME-07'\n")
    [control] = own_controls(written("from beside_the_rules import ID\nCONTROLS = [control(ID)]"))
    assert control.id == "ACME-07"


def test_no_file_has_no_rules(tmp_path):
    assert own_controls(tmp_path / "rules.py") == own_controls(None) == ()


def test_a_test_says_what_a_resource_is_made_from():
    from support.policy_cases import controls

    kept = next(each for each in controls() if each.id == "ENC-02")
    bucket = Given("aws:s3/bucket:Bucket", {}, name="models")
    rule = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": UNKNOWN}}
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    inputs = {"bucket": UNKNOWN, "rules": [{**rule, "bucketKeyEnabled": True}]}
    assert judged(kept, bucket, Given(type_, inputs)).undecided
    assert judged(kept, bucket, Given(type_, inputs, depends={"bucket": ["models"]})).violations == ()
