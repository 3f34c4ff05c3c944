import re
from pathlib import Path

from modelport.cli.ci.gates import DEFAULTS
from modelport.cli.ci.starters import FOLDER, STARTERS

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
SECRETS = ("GITLAB_TOKEN", "AWS_ROLE_ARN", "GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "AZURE_CLIENT_ID", "KUBECONFIG")
"""What is set up on a platform, by the names that workflows know."""


def test_the_page_has_every_gate_with_its_default():
    [block] = re.findall(r"```\n(wrong:.*?)```", PAGE, re.DOTALL)
    said = dict(line.split("#")[0].strip().split(": ") for line in block.splitlines())
    assert said == DEFAULTS


def test_the_page_says_where_each_workflow_and_job_is_and_what_is_set_up_there():
    starters = [STARTERS[name] for name in ("github", "gitlab", "jenkins")]
    for name in (Path(place).name for place in starters[0].files):
        assert f"`{name}`" in PAGE
    jobs = re.findall(r"^(modelport \w+):", (FOLDER / "gitlab" / "modelport.yml").read_text(), re.MULTILINE)
    stages = re.findall(r"stage\('(\w+)'\)", (FOLDER / "jenkins" / "Jenkinsfile").read_text())
    assert (len(jobs), len(stages)) == (4, 5)
    for name in (*jobs, *stages, *SECRETS):
        assert f"`{name}`" in PAGE
    assert all(any(name in line for each in starters for line in each.setup) for name in SECRETS)
