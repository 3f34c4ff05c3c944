"""Workflows of a CI platform, written into a project's repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelport.cli.errors import UsageError

from .revisions import Repository

FOLDER = Path(__file__).parent / "workflows"
WORD = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
"""What may stand in a path, a name of a branch or a stack, and needs no quoting in any of the files."""


@dataclass(frozen=True)
class Starter:
    """What is written for a platform.

    Attributes:
        files: by their place in the repository, the templates.
        optional: those of them that are left out where a file is there.
        setup: what is to be done on the platform, a line each.
    """

    files: Mapping[str, str]
    setup: tuple[str, ...]
    optional: frozenset[str] = frozenset()


STARTERS: Mapping[str, Starter] = {
    "github": Starter(
        files={
            f".github/workflows/modelport-{each}.yml": f"github/modelport-{each}.yml"
            for each in ("preview", "comment", "up", "drift")
        },
        setup=(
            "the environment @STACK@, with reviewers who approve `up`, for the branch @BRANCH@ alone",
            "the environment @STACK@-drift, for the branch @BRANCH@ alone, without reviewers",
            "in both the variable PULUMI_BACKEND_URL and the secret PULUMI_CONFIG_PASSPHRASE, or the secret "
            "PULUMI_ACCESS_TOKEN",
            "in both, for your cloud, the variables AWS_ROLE_ARN and AWS_REGION, or GOOGLE_WORKLOAD_IDENTITY_PROVIDER "
            "and GOOGLE_SERVICE_ACCOUNT, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_SUBSCRIPTION_ID, or the secret "
            "KUBECONFIG; what @STACK@-drift gets may only read",
            "a rule that protects the branch @BRANCH@ and requires the check `Preview`",
        ),
    ),
    "gitlab": Starter(
        files={".gitlab/modelport.yml": "gitlab/modelport.yml", ".gitlab-ci.yml": "gitlab/gitlab-ci.yml"},
        optional=frozenset({".gitlab-ci.yml"}),
        setup=(
            "a project access token, role Reporter, scope api, as the variable GITLAB_TOKEN: masked and hidden, not "
            "protected, for the environment modelport-comment alone",
            "the environment @STACK@, protected, with those who may run `up`, and the branch @BRANCH@, protected",
            "for the environments @STACK@ and @STACK@-drift each, protected, the variables PULUMI_BACKEND_URL and "
            "PULUMI_CONFIG_PASSPHRASE, or PULUMI_ACCESS_TOKEN",
            "for each of them, for your cloud, AWS_ROLE_ARN and AWS_REGION, or GOOGLE_WORKLOAD_IDENTITY_PROVIDER and "
            "GOOGLE_SERVICE_ACCOUNT, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_SUBSCRIPTION_ID, or the file "
            "KUBECONFIG; what @STACK@-drift gets may only read",
            "a schedule for the branch @BRANCH@, nightly",
            "in .gitlab-ci.yml, where it was there: include: [{local: .gitlab/modelport.yml}]",
        ),
    ),
    "jenkins": Starter(
        files={"Jenkinsfile": "jenkins/Jenkinsfile"},
        setup=(
            "a multibranch pipeline on GitHub that builds the current revision of pull requests, trusts no forks or "
            "those of users with write permission, and fetches all branches (+refs/heads/*:refs/remotes/@{remote}/*)",
            "agents `modelport-preview`, thrown away after a build and without any credentials, and `modelport`, with "
            "pulumi on PATH",
            "the secret text `modelport-comment`, a token that may comment on pull requests of @REPOSITORY@",
            "the secret files `modelport-@STACK@` and `modelport-@STACK@-drift`: lines NAME=VALUE for the shell, with "
            "PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE and what your cloud needs; the second may only read",
            "the group `modelport-approvers`, who approve `up`, and on GitHub a rule that protects the branch @BRANCH@",
        ),
    ),
}


@dataclass(frozen=True)
class Written:
    """What was written, from the repository's root, and what is still to be done on the platform."""

    files: tuple[Path, ...]
    setup: tuple[str, ...]


def start(platform: str, project: Path, stack: str, branch: str | None, repository: str | None) -> Written:
    """Write the workflows of a platform into the repository around a project, over no file that is there.

    Args:
        branch: whose merges deploy the stack; without it, what the remote has for its default.
        repository: where the pull requests are; without it, what the remote's address says.

    Raises:
        UsageError: a file is there, or a name would need quoting.
    """
    around = Repository.around(project)
    starter = STARTERS[platform]
    values = {
        "STACK": _word("--stack", stack),
        "FOLDER": _word("the project's folder", around.path.as_posix()),
        "BELOW": "" if around.path == Path() else f"{around.path.as_posix()}/",
        "BRANCH": _word("--branch", branch or _default_branch(around.top)),
        "REPOSITORY": _word("--repository", repository or _remote(around.top)) if platform == "jenkins" else "",
    }
    there = [name for name in starter.files if (around.top / name).exists() or (around.top / name).is_symlink()]
    if taken := [name for name in there if name not in starter.optional]:
        raise UsageError(f"{around.top}\n  these files are there already: {', '.join(taken)}. Nothing was written.")
    wanted = [Path(name) for name in starter.files if name not in there]
    for path in wanted:
        (around.top / path).parent.mkdir(parents=True, exist_ok=True)
        text = (FOLDER / starter.files[path.as_posix()]).read_text(encoding="utf-8")
        (around.top / path).write_text(_filled(text, values), encoding="utf-8")
    return Written(tuple(wanted), tuple(_filled(line, values) for line in starter.setup))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], text)


def _word(what: str, text: str) -> str:
    if not WORD.fullmatch(text):
        raise UsageError(f"{what} {text}\n  has to be of letters, digits, dots, dashes and underscores.")
    return text


def _default_branch(top: Path) -> str:
    """What the remote has, or else the branch that is checked out."""
    said = _git(top, "symbolic-ref", "--short", "refs/remotes/origin/HEAD")
    return said.removeprefix("origin/") or _git(top, "symbolic-ref", "--short", "HEAD") or "main"


def _remote(top: Path) -> str:
    """`owner/name`, as the end of the remote's address says."""
    found = re.search(r"[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", _git(top, "remote", "get-url", "origin"))
    return found[1] if found else ""


def _git(top: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=top, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
