"""Where pull requests are: GitHub and GitLab, as far as comments need them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import quote

from modelport.cli.errors import UsageError

from .api import Api, ApiError

Name = Literal["github", "gitlab"]
BOT = "github-actions[bot]"
"""The author of what GitHub's own token writes; nobody else can be called so."""


class Comment(NamedTuple):
    """A comment that is there."""

    id: int
    author: str
    body: str


class Platform(Protocol):
    """The pull requests of one repository."""

    def author(self) -> str:
        """Who writes with this token."""

    def head(self, number: int) -> str:
        """The commit that a pull request is at."""

    def open_with(self, commit: str) -> list[int]:
        """The open pull requests that are at a commit."""

    def comments(self, number: int) -> Iterator[Comment]:
        """The comments of a pull request, oldest first."""

    def create(self, number: int, body: str) -> None:
        """Add a comment."""

    def update(self, number: int, comment: int, body: str) -> None:
        """Change a comment."""


@dataclass(frozen=True)
class GitHub:
    """A repository on GitHub, on the web or in a company."""

    api: Api
    repository: str

    def author(self) -> str:
        """See `Platform.author`. The token of a workflow may not ask who it is."""
        try:
            return str(self.api.get("/user")["login"])
        except ApiError as error:
            if error.status != 403:
                raise
            return BOT

    def head(self, number: int) -> str:
        """See `Platform.head`."""
        return str(self.api.get(f"{self._path}/pulls/{number}")["head"]["sha"])

    def open_with(self, commit: str) -> list[int]:
        """See `Platform.open_with`. GitHub's own search by commit does not know those of forks."""
        pulls = self.api.pages(f"{self._path}/pulls?state=open&sort=updated&direction=desc")
        return [each["number"] for each in pulls if each["head"]["sha"] == commit]

    def comments(self, number: int) -> Iterator[Comment]:
        """See `Platform.comments`."""
        for each in self.api.pages(f"{self._path}/issues/{number}/comments"):
            yield Comment(each["id"], (each["user"] or {}).get("login", ""), each["body"] or "")

    def create(self, number: int, body: str) -> None:
        """See `Platform.create`."""
        self.api.call("POST", f"{self._path}/issues/{number}/comments", {"body": body})

    def update(self, number: int, comment: int, body: str) -> None:
        """See `Platform.update`."""
        self.api.call("PATCH", f"{self._path}/issues/comments/{comment}", {"body": body})

    @property
    def _path(self) -> str:
        return f"/repos/{self.repository}"


@dataclass(frozen=True)
class GitLab:
    """A project on GitLab, by its path or number."""

    api: Api
    project: str

    def author(self) -> str:
        """See `Platform.author`."""
        return str(self.api.get("/user")["username"])

    def head(self, number: int) -> str:
        """See `Platform.head`."""
        return str(self.api.get(f"{self._path}/{number}")["sha"])

    def open_with(self, commit: str) -> list[int]:
        """See `Platform.open_with`."""
        requests = self.api.pages(f"{self._path}?state=opened&order_by=updated_at")
        return [each["iid"] for each in requests if each["sha"] == commit]

    def comments(self, number: int) -> Iterator[Comment]:
        """See `Platform.comments`."""
        for each in self.api.pages(f"{self._path}/{number}/notes?sort=asc&order_by=created_at"):
            yield Comment(each["id"], each["author"]["username"], each["body"])

    def create(self, number: int, body: str) -> None:
        """See `Platform.create`."""
        self.api.call("POST", f"{self._path}/{number}/notes", {"body": body})

    def update(self, number: int, comment: int, body: str) -> None:
        """See `Platform.update`."""
        self.api.call("PUT", f"{self._path}/{number}/notes/{comment}", {"body": body})

    @property
    def _path(self) -> str:
        return f"/projects/{quote(self.project, safe='')}/merge_requests"


@dataclass(frozen=True)
class _Told:
    """What the environment of a platform's CI tells, by variable."""

    api: str
    repository: str
    token: str
    header: str
    shape: re.Pattern[str]
    made: type[GitHub] | type[GitLab]
    default: str


OF_CI: Mapping[str, Name] = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}
"""By the variable that each sets."""
TOLD: Mapping[Name, _Told] = {
    "github": _Told(
        api="GITHUB_API_URL",
        repository="GITHUB_REPOSITORY",
        token="GITHUB_TOKEN",  # noqa: S106
        header="Authorization: Bearer",
        shape=re.compile(r"[\w-][\w.-]*/[\w.-]*[\w-][\w.-]*"),
        made=GitHub,
        default="https://api.github.com",
    ),
    "gitlab": _Told(
        api="CI_API_V4_URL",
        repository="CI_PROJECT_ID",
        token="GITLAB_TOKEN",  # noqa: S106
        header="PRIVATE-TOKEN",
        shape=re.compile(r"\d+|[\w-][\w.-]*(/[\w.-]*[\w-][\w.-]*)+"),
        made=GitLab,
        default="https://gitlab.com/api/v4",
    ),
}


def platform(name: str | None, url: str | None, repository: str | None, env: Mapping[str, str]) -> Platform:
    """The repository that is named, or else the one whose CI runs this.

    Raises:
        UsageError: it is not known which, or there is no token for it.
    """
    name = name or next((name for variable, name in OF_CI.items() if env.get(variable)), "")
    if (told := TOLD.get(name)) is None:  # type: ignore[call-overload]
        raise UsageError(f"--platform {name}".rstrip() + "\n  say where the pull request is: github or gitlab.")
    wanted = repository or env.get(told.repository, "")
    if not told.shape.fullmatch(wanted):
        raise UsageError(f"--repository {wanted}".rstrip() + "\n  say whose pull request it is: OWNER/NAME.")
    api = Api.at(url or env.get(told.api) or told.default, told.token, env.get(told.token, ""), told.header)
    return told.made(api, wanted)


def told_number(env: Mapping[str, str]) -> int | None:
    """The pull request that this CI run is about, where it is one of GitLab."""
    number: Any = env.get("CI_MERGE_REQUEST_IID", "")
    return int(number) if env.get("GITLAB_CI") and number.isdecimal() else None
