"""GitHub and GitLab on this machine, as far as comments on pull requests need them."""

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

TOKEN = "hush-0123456789"
LATER = (502, {"Retry-After": "0"})


class Platform:
    """Pull requests by number, each with its head, and their comments, oldest first.

    Attributes:
        user: who the token belongs to; None where it may not ask.
        statuses: what the next requests are answered, each with headers, before anything is done.
        lost: how many comments will be made without an answer that says so.
        asked: what was asked: method and path.
    """

    def __init__(self, user):
        self.user, self.url = user, ""
        self.pulls, self.comments = {}, {}
        self.statuses, self.asked, self.lost = [], [], 0

    def open(self, number, head, *comments):
        """Open a pull request; `comments` are pairs of author and text."""
        self.pulls[number] = head
        self.comments[number] = [
            {"id": number * 1000 + at, "who": who, "body": it} for at, (who, it) in enumerate(comments)
        ]

    def bodies(self, number):
        return [each["body"] for each in self.comments[number]]

    def answer(self, method, path, query, body):
        """Status and content for a request."""
        if path == "/user":
            return (200, self.me()) if self.user else (403, {"message": "Resource not accessible by integration"})
        for pattern, perform in self.routes.items():
            verb, below = pattern.split(" ", 1)
            if verb == method and (found := re.fullmatch(self.prefix + below, path)):
                done = perform(self, *map(int, found.groups()), **({"body": body["body"]} if body else {}))
                return (404, {"message": "Not Found"}) if done is None else (200, page(done, query))
        return 404, {"message": "Not Found"}

    def one(self, number):
        return self.pull(number, self.pulls[number]) if number in self.pulls else None

    def every(self):
        return [self.pull(number, head) for number, head in self.pulls.items()]

    def said(self, number):
        return [self.comment(each) for each in self.comments[number]]

    def create(self, number, body):
        self.comments[number].append(
            {"id": number * 1000 + 500, "who": self.user or "github-actions[bot]", "body": body}
        )
        return {}

    def update(self, *ids, body):
        [found] = [each for those in self.comments.values() for each in those if each["id"] == ids[-1]]
        assert found["who"] == (self.user or "github-actions[bot]")
        found["body"] = body
        return {}


def page(content, query):
    if not isinstance(content, list):
        return content
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    return content[size * (number - 1) : size * number]


class GitHub(Platform):
    """The repository `shop/models`."""

    prefix = "/repos/shop/models"
    header, before = "Authorization", "Bearer "

    def env(self):
        told = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "shop/models", "GITHUB_API_URL": self.url}
        return {**told, "GITHUB_TOKEN": TOKEN}

    def me(self):
        return {"login": self.user}

    def pull(self, number, head):
        return {"number": number, "head": {"sha": head}}

    def comment(self, each):
        return {"id": each["id"], "body": each["body"], "user": {"login": each["who"]}}

    routes = MappingProxyType(
        {
            "GET /pulls": Platform.every,
            r"GET /pulls/(\d+)": Platform.one,
            r"GET /issues/(\d+)/comments": Platform.said,
            r"POST /issues/(\d+)/comments": Platform.create,
            r"PATCH /issues/comments/(\d+)": Platform.update,
        }
    )


class GitLab(Platform):
    """The project 7."""

    prefix = "/projects/7/merge_requests"
    header, before = "PRIVATE-TOKEN", ""

    def env(self):
        return {"GITLAB_CI": "true", "CI_PROJECT_ID": "7", "CI_API_V4_URL": self.url, "GITLAB_TOKEN": TOKEN}

    def me(self):
        return {"username": self.user}

    def pull(self, number, head):
        return {"iid": number, "sha": head}

    def comment(self, each):
        return {"id": each["id"], "body": each["body"], "author": {"username": each["who"]}}

    routes = MappingProxyType(
        {
            "GET ": Platform.every,
            r"GET /(\d+)": Platform.one,
            r"GET /(\d+)/notes": Platform.said,
            r"POST /(\d+)/notes": Platform.create,
            r"PUT /(\d+)/notes/(\d+)": Platform.update,
        }
    )


@contextmanager
def running(platform):
    """Serve a platform on loopback; it wants the token with every request."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            parts = urlsplit(self.path)
            platform.asked.append(f"{self.command} {parts.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {}
            if self.headers.get(platform.header) != platform.before + TOKEN:
                status, content = 401, {"message": "Bad credentials"}
            elif platform.statuses:
                (status, headers), content = platform.statuses.pop(0), {"message": "later"}
            else:
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                status, content = platform.answer(self.command, parts.path, query, body)
            if self.command == "POST" and platform.lost:
                platform.lost -= 1
                (status, headers), content = LATER, {"message": "later"}
            answer = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = do_PUT = handle_any

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
