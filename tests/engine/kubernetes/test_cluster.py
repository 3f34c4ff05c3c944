"""What is asked of an API server, and what becomes of its answers."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from modelport_engine.kubernetes import cluster as module
from modelport_engine.kubernetes.failures import ClusterError, Forbidden
from modelport_engine.kubernetes.settings import Settings

CORE = {
    "resources": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True},
        {"name": "nodes", "kind": "Node", "namespaced": False},
        {"name": "nodes/status", "kind": "Node", "namespaced": False},
    ]
}
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "team"}}


class Server:
    """Answers with what is in `answers`, in turn: (status, body, headers); lookups of kinds as ever."""

    def __init__(self):
        self.answers, self.asked = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/api/v1":
                    status, content, headers = 200, CORE, {}
                else:
                    outer.asked.append((self.command, self.path, self.headers, body))
                    status, content, headers = outer.answers.pop(0)
                data = json.dumps(content).encode() if not isinstance(content, bytes) else content
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PATCH = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    server = Server()
    yield server
    server.close()


@pytest.fixture
def cluster(server):
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.http.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t0ken"}}],
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}],
    }
    return Settings({"kubeconfig": json.dumps(config)}, {}).connect()


def test_an_apply_says_who_applies_and_is_checked_strictly(server, cluster):
    server.answers = [(200, SETTINGS, {})]
    assert cluster.apply(SETTINGS, "me", dry_run=True) == SETTINGS
    ((method, path, headers, body),) = server.asked
    assert method == "PATCH"
    assert path.startswith("/api/v1/namespaces/team/configmaps/settings?")
    assert set(path.partition("?")[2].split("&")) == {
        "fieldManager=me", "force=false", "fieldValidation=Strict", "dryRun=All",
    }  # fmt: skip
    assert headers["Content-Type"] == "application/apply-patch+yaml"
    assert headers["Authorization"] == "Bearer t0ken"
    assert json.loads(body) == SETTINGS


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(server, cluster, status):
    server.answers = [(status, {}, {}), (status, {}, {"Retry-After": "0"}), (200, SETTINGS, {})]
    assert cluster.get(SETTINGS) == SETTINGS
    assert len(server.asked) == 3


def test_one_that_stays_busy_is_an_error(server, cluster):
    server.answers = [(503, {"message": "no leader"}, {})] * module.ATTEMPTS
    with pytest.raises(ClusterError, match="read ConfigMap team/settings: no leader"):
        cluster.get(SETTINGS)


def test_a_refusal_is_not_tried_again(server, cluster):
    server.answers = [(403, {"message": "you may not"}, {})]
    with pytest.raises(Forbidden, match="you may not"):
        cluster.get(SETTINGS)


def test_what_is_not_there_is_none_and_its_deletion_is_done(server, cluster):
    server.answers = [(404, {"message": "not found"}, {})] * 2
    assert cluster.get(SETTINGS) is None
    assert cluster.delete(SETTINGS, "Foreground") is False


def test_an_object_of_the_whole_cluster_gets_no_namespace(server, cluster):
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a", "namespace": "team"}}
    server.answers = [(200, node, {})]
    cluster.apply(node, "me")
    ((_, path, _, body),) = server.asked
    assert path.startswith("/api/v1/nodes/a?")
    assert json.loads(body)["metadata"] == {"name": "a"}


def test_an_answer_that_is_no_json_is_an_error(server, cluster):
    server.answers = [(200, b"<html>log in</html>", {})]
    with pytest.raises(ClusterError, match="something that is not JSON"):
        cluster.get(SETTINGS)
