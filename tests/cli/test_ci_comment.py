"""`modelport ci comment` against platforms of our own on loopback."""

import os

import pytest
from support.platforms import TOKEN, GitHub, GitLab, running

from modelport.reports.comment import LIMIT, MARK
from modelport.reports.harmless import harmless

HEAD, OTHER = "a" * 40, "b" * 40
TEXT = f"{MARK}\n### modelport: nothing changes\n"
BOT = "github-actions[bot]"


@pytest.fixture(params=[GitHub, GitLab])
def platform(request, monkeypatch):
    """Each platform in its own CI."""
    user = "project_7_bot" if request.param is GitLab else None
    with running(request.param(user)) as platform:
        speaks(platform, monkeypatch)
        yield platform


@pytest.fixture
def github(monkeypatch):
    """GitHub, whose token may not ask who it is."""
    with running(GitHub(None)) as platform:
        speaks(platform, monkeypatch)
        yield platform


def speaks(platform, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "GITLAB_", "CI_"))]:
        monkeypatch.delenv(name)
    for name, value in platform.env().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "comment.md"
    file.write_text(TEXT)
    return file


def who(platform):
    return platform.user or BOT


def test_one_comment_is_made_then_left_alone_then_updated_in_place(platform, modelport, file):
    platform.open(12, HEAD, ("ann", "Nice."))
    assert modelport("ci", "comment", str(file), "--pull-request", "12").out == "commented on 12\n"
    assert platform.bodies(12) == ["Nice.", harmless(TEXT, HEAD)]
    again = modelport("ci", "comment", str(file), "--pull-request", "12")
    assert again.out == "the comment on 12 says it already\n"
    file.write_text(TEXT.replace("nothing changes", "1 service changes"))
    assert modelport("ci", "comment", str(file), "--commit", HEAD).out == "updated the comment on 12\n"
    assert platform.bodies(12) == ["Nice.", harmless(file.read_text(), HEAD)]
    assert sum(asked.startswith(("POST", "PUT", "PATCH")) for asked in platform.asked) == 2


def test_marked_comments_of_others_and_other_comments_of_ours_are_left_alone(platform, modelport, file):
    there = [("mallory", TEXT), (who(platform), f"quoted: {MARK}"), ("mallory", harmless(TEXT, HEAD))]
    platform.open(12, HEAD, *there)
    assert modelport("ci", "comment", str(file), "--pull-request", "12").code == 0
    assert platform.bodies(12) == [*(body for _, body in there), harmless(TEXT, HEAD)]


def test_our_comment_is_found_on_a_later_page_and_the_pull_request_too(platform, modelport, file):
    platform.open(12, HEAD, *[("ann", "again")] * 230, (who(platform), f"{MARK}\nold"), ("ann", "after"))
    for number in range(100, 340):
        platform.open(number, OTHER)
    platform.pulls[12] = platform.pulls.pop(12)
    assert modelport("ci", "comment", str(file), "--commit", HEAD).out == "updated the comment on 12\n"
    assert platform.bodies(12)[230:] == [harmless(TEXT, HEAD), "after"]


def test_nothing_is_posted_where_the_head_has_moved_on(platform, modelport, file):
    platform.open(12, OTHER)
    for words in (["--commit", HEAD], ["--commit", HEAD, "--pull-request", "12"]):
        answer = modelport("ci", "comment", str(file), *words)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out == f"nothing was posted: no open pull request is at {HEAD} any more\n"
    assert platform.bodies(12) == []


def test_nothing_is_posted_where_two_pull_requests_are_at_the_commit(platform, modelport, file):
    platform.open(12, HEAD)
    platform.open(13, HEAD)
    answer = modelport("ci", "comment", str(file), "--commit", HEAD)
    assert answer.code == 1
    assert "2 open pull requests are at it: 12, 13." in answer.err
    assert platform.bodies(12) == platform.bodies(13) == []
    assert modelport("ci", "comment", str(file), "--commit", HEAD, "--pull-request", "13").code == 0
    assert platform.bodies(13) == [harmless(TEXT, HEAD)]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_platform_is_asked_again(platform, modelport, file, status):
    platform.open(12, HEAD)
    platform.statuses = [(status, {"Retry-After": "0"})] * 3
    assert modelport("ci", "comment", str(file), "--pull-request", "12").code == 0
    assert platform.bodies(12) == [harmless(TEXT, HEAD)]


def test_a_platform_that_stays_busy_is_an_error(github, modelport, file):
    github.open(12, HEAD)
    github.statuses = [(403, {"Retry-After": "0"}), *[(503, {"Retry-After": "0"})] * 9]
    answer = modelport("ci", "comment", str(file), "--pull-request", "12")
    assert (answer.code, len(github.asked)) == (1, 4)
    assert answer.err == f"GET {github.url}/repos/shop/models/pulls/12\n  answered 503: later\n"


def test_a_comment_that_was_made_before_the_answer_was_lost_is_not_made_twice(platform, modelport, file):
    platform.open(12, HEAD)
    platform.lost = 1
    assert modelport("ci", "comment", str(file), "--pull-request", "12").out == "the comment on 12 says it already\n"
    assert platform.bodies(12) == [harmless(TEXT, HEAD)]


def test_the_token_is_not_taken_elsewhere_by_a_redirect(github, modelport, file):
    github.open(12, HEAD)
    with running(GitHub(None)) as other:
        github.statuses = [(301, {"Location": f"{other.url}/repos/shop/models/pulls/12"})]
        answer = modelport("ci", "comment", str(file), "--pull-request", "12")
    assert (answer.code, other.asked) == (1, [])
    assert "answered 301: later\n  The token is not sent elsewhere." in answer.err


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "ftp://127.0.0.1", "https://", "https://[", "http://127.0.0.1.example.com"]
)
def test_the_token_goes_to_no_address_where_it_would_be_read(github, modelport, file, url):
    answer = modelport("ci", "comment", str(file), "--pull-request", "12", "--api", url)
    assert (answer.code, answer.err) == (2, f"{url}\n  is no https address, and no token is sent to another.\n")


@pytest.mark.parametrize("token", ["", "two words", f"{TOKEN}\nX-More: 1", "wrong"])
def test_a_token_is_never_told(github, modelport, file, monkeypatch, token):
    github.open(12, HEAD)
    monkeypatch.setenv("GITHUB_TOKEN", token)
    answer = modelport("ci", "comment", str(file), "--pull-request", "12")
    assert answer.code == (1 if token == "wrong" else 2)
    assert ("answered 401: Bad credentials" if token == "wrong" else "GITHUB_TOKEN\n  is not set") in answer.err
    assert not token or token not in answer.out + answer.err


def test_an_author_that_is_named_is_not_asked_for(github, modelport, file):
    github.open(12, HEAD, ("shop-app[bot]", TEXT))
    github.user = "shop-app[bot]"
    assert modelport("ci", "comment", str(file), "--pull-request", "12", "--author", github.user).code == 0
    assert (github.bodies(12), "GET /user" in github.asked) == ([harmless(TEXT, HEAD)], False)


def test_another_ci_says_what_theirs_tell(platform, modelport, file, monkeypatch):
    told = platform.env()
    for name in [name for name in told if not name.endswith("_TOKEN")]:
        monkeypatch.delenv(name)
    platform.open(12, HEAD)
    kind, repository = ("github", "shop/models") if isinstance(platform, GitHub) else ("gitlab", "7")
    words = ["--platform", kind, "--repository", repository, "--api", platform.url, "--pull-request", "12"]
    assert modelport("ci", "comment", str(file), *words).code == 0
    assert platform.bodies(12) == [harmless(TEXT, HEAD)]


def test_the_ci_of_gitlab_tells_the_merge_request(modelport, file, monkeypatch):
    with running(GitLab("project_7_bot")) as gitlab:
        speaks(gitlab, monkeypatch)
        monkeypatch.setenv("CI_MERGE_REQUEST_IID", "12")
        gitlab.open(12, HEAD)
        assert modelport("ci", "comment", str(file)).out == "commented on 12\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--pull-request\n  say which it is"),
        (["--commit", "main"], "--commit main\n  is no commit"),
        (["--repository", "../user", "--commit", HEAD], "--repository ../user\n  say whose"),
        (["--platform", "svn", "--commit", HEAD], "--platform svn\n  say where"),
        (["--pull-request", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_usage_says_what_is_wrong_and_asks_nobody(github, modelport, file, words, said):
    answer = modelport("ci", "comment", str(file), *words)
    assert (answer.code, github.asked) == (2, [])
    assert said in answer.err


def hostile(tmp_path):
    """Files that are no comments, each with what is said of it."""
    (tmp_path / "secret").write_text(TEXT)
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"a" * (1 << 20) + b"a")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    yield from {"link": "cannot be read", "pipe": "no regular file", "large": "larger than 1 MiB"}.items()
    yield from {"latin": "not UTF-8", ".": "no regular file", "missing": "cannot be read"}.items()
    yield "/dev/zero", "no regular file"


def test_what_is_no_comment_is_refused(github, modelport, tmp_path):
    for name, said in hostile(tmp_path):
        answer = modelport("ci", "comment", str(tmp_path / name), "--pull-request", "12")
        assert (answer.code, github.asked) == (2, [])
        assert said in answer.err


def test_what_is_posted_is_harmless(github, modelport, file):
    github.open(12, HEAD)
    file.write_text("@team ![](https://x) fixes #1\n/approve\n" * 4_000)
    assert modelport("ci", "comment", str(file), "--pull-request", "12").code == 0
    [body] = github.bodies(12)
    assert body == harmless(file.read_text(), HEAD)
    assert body.startswith(f"{MARK}\n`@team` `![](https://x)` fixes `#1`\n`/approve`\n")
    assert len(body) <= LIMIT
