"""Workflow files: written into a repository, judged by the platforms' own rules, and their commands run."""

import json
import re
import shlex
import shutil
import stat
import subprocess
from contextlib import chdir
from pathlib import Path

import dekobon_tree_sitter_groovy
import pytest
import typer
from support.platforms import TOKEN, GitHub, GitLab, running
from support.pull_request import PullRequest
from support.workflows import BIN, environment, github_steps, gitlab_script, jenkins_scripts, read, run
from tree_sitter import Language, Parser

from modelport.cli.app import app
from modelport.cli.app import run as modelport
from modelport.reports.comment import MARK
from modelport.reports.harmless import harmless

HERE = Path(__file__).parent
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
GITHUB = ("preview", "comment", "up", "drift")
INPUTS = {
    "actions/checkout": {"ref", "repository", "token", "fetch-depth", "persist-credentials"},
    "actions/setup-python": {"python-version", "cache", "check-latest"},
    "actions/upload-artifact": {"name", "path", "if-no-files-found", "retention-days", "overwrite"},
    "actions/download-artifact": {"name", "path", "run-id", "github-token", "repository", "pattern"},
    "aws-actions/configure-aws-credentials": {"role-to-assume", "aws-region", "role-session-name"},
    "google-github-actions/auth": {"workload_identity_provider", "service_account", "project_id"},
    "Azure/login": {"client-id", "tenant-id", "subscription-id", "environment"},
}
"""Of the pinned versions' action.yml: actionlint knows those of tags only."""
SH = ("sh", "-xe", "-c")


def started(folder):
    """Write workflows into a repository around a project in the folder `ml/shop`; gives its root."""
    project = folder / "ml" / "shop"
    project.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config: {'modelport:target': local}\n")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=trunk", folder], check=True)
    subprocess.run(["git", "remote", "add", "origin", "https://github.com/shop/models.git"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A repository with the files of every platform."""
    top = started(tmp_path_factory.mktemp("written"))
    with chdir(top / "ml" / "shop"):
        assert [modelport(["ci", "init", platform]) for platform in ("github", "gitlab", "jenkins")] == [0, 0, 0]
    return top


def workflows(top):
    return [top / ".github" / "workflows" / f"modelport-{each}.yml" for each in GITHUB]


def files(top):
    return [*workflows(top), top / ".gitlab" / "modelport.yml", top / ".gitlab-ci.yml", top / "Jenkinsfile"]


def test_init_writes_at_the_root_of_the_repository_and_says_what_is_left_to_do(tmp_path, monkeypatch, capsys):
    top = started(tmp_path)
    monkeypatch.chdir(top / "ml" / "shop")
    assert modelport(["ci", "init", "github"]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if "+" in line] == [
        f"  + .github/workflows/modelport-{each}.yml" for each in GITHUB
    ]
    assert "  - the environment dev, with reviewers who approve `up`, for the branch trunk alone\n" in out
    text = "".join(file.read_text() for file in workflows(top))
    assert text.count('working-directory: "ml/shop"') == 4
    assert 'branches: ["trunk"]' in text
    assert not re.search(r"@[A-Z]+@", text + out)


def test_init_writes_over_nothing_and_gitlab_s_own_file_may_be_there(tmp_path, monkeypatch, capsys):
    top = started(tmp_path)
    monkeypatch.chdir(top / "ml" / "shop")
    for name, platform in (("Jenkinsfile", "jenkins"), (".github/workflows/modelport-up.yml", "github")):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).symlink_to("nowhere")
        assert modelport(["ci", "init", platform]) == 2
        assert f"these files are there already: {name}. Nothing was written." in capsys.readouterr().err
        assert not (top / "nowhere").exists()
    assert [file.exists() for file in workflows(top)] == [False] * 4
    (top / ".gitlab-ci.yml").write_text("mine: {}\n")
    assert modelport(["ci", "init", "gitlab"]) == 0
    assert (top / ".gitlab-ci.yml").read_text() == "mine: {}\n"
    assert (top / ".gitlab" / "modelport.yml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["github"], "which stack? Name one with -s: dev, prod"),
        (["gitea", "-s", "dev"], "gitea\n  allowed: github, gitlab, jenkins"),
        (["github", "-s", "dev", "--branch", "a'; true"], "--branch a'; true\n  has to be of letters"),
        (["jenkins", "-s", "dev", "--repository", "$(id)"], "--repository $(id)\n  has to be of letters"),
    ],
)
def test_init_asks_what_it_cannot_know_and_takes_nothing_that_a_shell_would_run(
    tmp_path, monkeypatch, capsys, words, said
):
    top = started(tmp_path)
    (top / "ml" / "shop" / "Pulumi.prod.yaml").write_text("config: {}\n")
    monkeypatch.chdir(top / "ml" / "shop")
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    assert modelport(["ci", "init", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (top / ".github").exists()


@pytest.mark.program("go")
@pytest.mark.timeout(600)
def test_actionlint_finds_nothing(written):
    done = subprocess.run(
        ["go", "tool", "actionlint", *workflows(written)], cwd=HERE / "actionlint", capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_but_the_trigger_that_is_meant(written):
    words = ["--offline", "--no-progress", "--persona=auditor", "--format=json", "--no-exit-codes"]
    done = subprocess.run([BIN / "zizmor", *words, written], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
    open_ = (written / ".github" / "workflows" / "modelport-comment.yml").read_text()
    assert open_.count("zizmor: ignore") == 1


@pytest.mark.parametrize(("schema", "parts"), [("github-workflows", (0, 4)), ("gitlab-ci", (4, 6))])
def test_the_platforms_schemas_take_the_files(written, schema, parts):
    words = ["--builtin-schema", f"vendor.{schema}", *files(written)[slice(*parts)]]
    done = subprocess.run([BIN / "check-jsonschema", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_jenkinsfile_is_groovy(written):
    parser = Parser(Language(dekobon_tree_sitter_groovy.language()))
    text = (written / "Jenkinsfile").read_bytes()
    assert not parser.parse(text).root_node.has_error
    assert parser.parse(text.replace(b"stages {", b"stages", 1)).root_node.has_error
    assert parser.parse(text.replace(b"'''", b"''", 1)).root_node.has_error


def test_every_command_of_ours_parses(written):
    found = []
    for file in files(written):
        text = file.read_text().replace("\\\n", " ")
        for line in re.findall(r"(?:^|: |- )\s*(modelport (?:ci|up|preview) .*)", text, re.MULTILINE):
            command, words = typer.main.get_command(app), shlex.split(re.sub(r"\$\w+", "7", line))[1:]
            while hasattr(command, "commands"):
                command = command.commands[words.pop(0)]
            context = command.make_context(command.name, list(words))
            found.append(line)
            assert context.params.get("engine", "pulumi") == "pulumi"
    assert len(found) == 4 + 4 + 4, found  # preview, comment, up and drift on each platform


def test_every_action_is_pinned_and_every_job_has_a_limit(written):
    for file in workflows(written):
        uses = [line for line in file.read_text().splitlines() if "uses:" in line]
        assert all(PINNED.search(line) for line in uses)
        for step in (step for job in read(file)["jobs"].values() for step in job["steps"] if "uses" in step):
            assert step.get("with", {}).keys() <= INPUTS[step["uses"].partition("@")[0]]
        assert all(job["timeout-minutes"] <= 120 for job in read(file)["jobs"].values())
        assert "pip install --requirement requirements.txt" in file.read_text()
    jobs = read(written / ".gitlab" / "modelport.yml")
    assert all("timeout" in {**jobs[".modelport"], **job} for job in jobs.values())
    text = (written / "Jenkinsfile").read_text()
    assert text.count("timeout(") == text.count("stage(") == 5


def test_who_may_do_what(written):
    preview, comment, up, drift = map(read, workflows(written))
    assert (preview["permissions"], "secrets." in str(preview)) == ({"contents": "read"}, False)
    assert preview["on"] == {"pull_request": None}
    [job] = comment["jobs"].values()
    assert (comment["permissions"], job["permissions"]) == (
        {},
        {"actions": "read", "contents": "read", "pull-requests": "write"},
    )
    [checkout] = [step for step in job["steps"] if "checkout@" in step.get("uses", "")]
    assert checkout["with"] == {"persist-credentials": False}
    environments = [job["environment"] for each in (up, drift) for job in each["jobs"].values()]
    assert environments == ["dev", "dev-drift"]
    assert not up["concurrency"]["cancel-in-progress"]
    for each in (preview, comment, up, drift):
        for job in each["jobs"].values():
            assert not any("${{" in step.get("run", "") for step in job["steps"])


@pytest.fixture(scope="module")
def pull(tmp_path_factory):
    """A pull request, with the files of every platform merged."""
    pull = PullRequest(tmp_path_factory.mktemp("pull") / "shop")
    pull.write("requirements.txt", "modelport[local]\n")
    with chdir(pull.folder):
        for words in (["github"], ["gitlab"], ["jenkins", "--repository", "shop/models"]):
            assert modelport(["ci", "init", *words]) == 0
    pull.write(".gitignore", ".modelport/\nmodelport-preview/\n")
    pull.merge()
    pull.git("remote", "add", "origin", pull.folder.as_uri())
    pull.git("fetch", "--quiet", "origin")
    pull.git("checkout", "--quiet", "-b", "change")
    pull.write("README.md", "# The other shop\n")
    pull.merge()
    return pull


@pytest.fixture
def head(pull):
    return pull.git("rev-parse", "HEAD").strip()


def comments(pull, out, github, head):
    env = {**environment(RUNNER_TEMP=str(out)), **github.env()}
    del env["GITHUB_TOKEN"]  # it is the step that gives it
    [(_, done)] = github_steps(workflows(pull.folder)[1], pull.folder, env, head_sha=head, token=TOKEN)
    return done


def test_on_github_a_preview_leaves_its_reports_and_the_comment_is_posted_once(pull, head, tmp_path):
    env = environment(RUNNER_TEMP=str(tmp_path), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    pull.train("fraud", 3.0)
    steps = dict(github_steps(workflows(pull.folder)[0], pull.folder, env))
    pull.git("checkout", "--quiet", "models")
    assert [done.returncode for done in steps.values()] == [0, 0], steps
    text = (tmp_path / "modelport-preview" / "comment.md").read_text()
    assert "| `fraud` on local, stack `dev` | no |" in text
    assert (tmp_path / "summary").read_text() == text
    assert {each.name for each in (tmp_path / "modelport-preview").iterdir()} >= {"junit.xml", "results.sarif"}
    with running(GitHub(None)) as github:
        github.open(7, head, ("mallory", f"{MARK}\nall is well"))
        said = [comments(pull, tmp_path, github, head).stdout for _ in range(2)]
        assert said == ["commented on 7\n", "the comment on 7 says it already\n"]
        assert github.bodies(7)[1:] == [harmless(text, head)]
        assert github.bodies(7)[1].startswith(text.rstrip())
        (tmp_path / "modelport-preview" / "comment.md").write_text(f"{MARK}\n@team <b>approve</b>\n/merge\n")
        assert comments(pull, tmp_path, github, head).stdout == "updated the comment on 7\n"
        assert github.bodies(7)[1].splitlines()[1:3] == ["`@team` `<b>approve</b>`", "`/merge`"]
        assert github.bodies(7)[0] == f"{MARK}\nall is well"


def test_a_hostile_artefact_on_github_posts_nothing(pull, head, tmp_path):
    reports = tmp_path / "modelport-preview"
    reports.mkdir()
    (reports / "comment.md").symlink_to("/proc/self/environ")
    with running(GitHub(None)) as github:
        github.open(7, head)
        done = comments(pull, tmp_path, github, head)
        assert (done.returncode, github.bodies(7), TOKEN in done.stdout + done.stderr) == (2, [], False)


def test_on_gitlab_a_preview_leaves_its_reports_and_the_comment_is_the_default_branch_s(pull, head):
    file, reports = pull.folder / ".gitlab" / "modelport.yml", pull.folder / "modelport-preview"
    env = environment(CI_PROJECT_DIR=str(pull.folder), CI_MERGE_REQUEST_DIFF_BASE_SHA="main", CI_DEFAULT_BRANCH="main")
    env |= {"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": head}
    with running(GitLab("project_7_bot")) as gitlab:
        gitlab.open(7, head, ("mallory", f"{MARK}\nall is well"))
        done = run(gitlab_script(file, "modelport preview"), pull.folder, env)
        assert (done.returncode, (reports / "junit.xml").exists()) == (0, True), done
        for said in ("commented on 7", "the comment on 7 says it already"):
            done = run(f"{gitlab_script(file, 'modelport comment')}\npwd", pull.folder, {**env, **gitlab.env()})
            assert done.returncode == 0, done
            assert done.stdout.splitlines()[0] == said
            assert not Path(done.stdout.splitlines()[-1]).is_relative_to(pull.folder)
        assert gitlab.bodies(7) == [f"{MARK}\nall is well", harmless((reports / "comment.md").read_text(), head)]
    pull.git("worktree", "prune")
    shutil.rmtree(reports)


def test_on_gitlab_tokens_come_into_files_that_nobody_else_reads(pull):
    script = gitlab_script(pull.folder / ".gitlab" / "modelport.yml", ".modelport-stack")
    env = environment(CI_PROJECT_DIR=str(pull.folder), AWS_ROLE_ARN="arn", AZURE_CLIENT_ID="id")
    env |= dict.fromkeys(("AWS_ID_TOKEN", "GOOGLE_ID_TOKEN", "AZURE_ID_TOKEN"), TOKEN)
    env |= {"GOOGLE_WORKLOAD_IDENTITY_PROVIDER": "projects/1/p", "GOOGLE_SERVICE_ACCOUNT": "a@b.iam"}
    done = run(f"{script}\nenv", pull.folder, env)
    assert done.returncode == 0, done
    told = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    google = json.loads(Path(told["GOOGLE_APPLICATION_CREDENTIALS"]).read_text())
    assert google["audience"] == "//iam.googleapis.com/projects/1/p"
    assert google["service_account_impersonation_url"].endswith("/a@b.iam:generateAccessToken")
    tokens = [
        google["credential_source"]["file"],
        told["AWS_WEB_IDENTITY_TOKEN_FILE"],
        told["AZURE_FEDERATED_TOKEN_FILE"],
    ]
    assert [Path(each).read_text() for each in tokens] == [TOKEN] * 3
    assert {stat.S_IMODE(Path(each).stat().st_mode) for each in tokens} == {0o600}
    assert told["ARM_CLIENT_ID"] == "id"
    shutil.rmtree(Path(tokens[0]).parent)
    bare = run(f"{script}\nenv", pull.folder, environment(CI_PROJECT_DIR=str(pull.folder)))
    assert (bare.returncode, "GOOGLE_APPLICATION_CREDENTIALS" in bare.stdout) == (0, False)


def test_on_jenkins_a_preview_leaves_its_reports_and_the_comment_is_posted(pull, head, tmp_path):
    file, reports = pull.folder / "Jenkinsfile", pull.folder / "modelport-preview"
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "bin").symlink_to(BIN)
    env = environment(WORKSPACE=str(pull.folder), WORKSPACE_TMP=str(tmp_path), CHANGE_TARGET="main", CHANGE_ID="7")
    [preview], [comment] = (jenkins_scripts(file, stage) for stage in ("Preview", "Comment"))
    done = run(preview, pull.folder, env, SH)
    assert (done.returncode, (reports / "comment.md").exists()) == (0, True), done
    with running(GitHub("shop-ci")) as github:
        github.open(7, head)
        url = {"GITHUB_API_URL": github.url, "GITHUB_TOKEN": TOKEN}
        done = run(comment, tmp_path, {**env, **url, "MODELPORT_COMMIT": head}, SH)
        assert (done.stdout, TOKEN in done.stderr) == ("commented on 7\n", False), done
        assert github.bodies(7) == [harmless((reports / "comment.md").read_text(), head)]
    shutil.rmtree(reports)


def test_on_jenkins_settings_are_given_to_the_command_and_not_to_the_log(pull, tmp_path):
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    program = tmp_path / "venv" / "bin" / "modelport"
    program.write_text('#!/bin/sh\necho "$PULUMI_CONFIG_PASSPHRASE" | wc -c\n')
    program.chmod(0o755)
    (tmp_path / "settings").write_text(f"PULUMI_CONFIG_PASSPHRASE='{TOKEN}'\n")
    env = environment(MODELPORT_SETTINGS=str(tmp_path / "settings"), WORKSPACE_TMP=str(tmp_path))
    for stage in ("Up", "Drift"):
        [script] = jenkins_scripts(pull.folder / "Jenkinsfile", stage)
        done = run(script, pull.folder, env, SH)
        assert (done.stdout.strip(), TOKEN in done.stderr) == (str(len(TOKEN) + 1), False)
