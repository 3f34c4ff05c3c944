"""Who may ask, and who may not."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from support.stores import Shelf, serving

from modelport_server.access.guard import Guard
from modelport_server.access.jwt import Issuer, Terms
from modelport_server.access.tokens import Tokens, TokensUnusable
from modelport_server.wire.messages import SERVICE, message

OLD, NEW = "old-token-of-16-or-more", "new-token-of-16-or-more"
BODY = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}]}
INFER = "/v2/models/scale/infer"
TERMS = {"issuer": "https://issuer.example", "audience": "fraud"}
KEY = rsa.generate_private_key(65537, 2048)
ELLIPTIC, EDWARDS = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
OTHER = rsa.generate_private_key(65537, 2048)


def bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"{OLD}\n")
    return path


@pytest.fixture
def guarded(ask_of, ask):
    """Ask an application with a guard."""

    def guarded(*, tokens=None, issuer=None):
        asker = ask_of(guard=Guard(tokens, issuer))
        asker.app.start(ask.app.models)
        return asker

    return guarded


class TestTokens:
    @pytest.mark.parametrize(
        "given", ["", "Bearer", "Bearer ", f"Basic {OLD}", OLD, f"Bearer {OLD}x", f"Bearer {OLD[:-1]}", "Bearer \xe9"]
    )
    def test_a_request_without_a_good_one_is_refused(self, guarded, file, given):
        ask = guarded(tokens=Tokens(file))
        response, answer = ask(INFER, BODY, authorization=given)
        assert (response.status, answer["code"]) == (401, "unauthenticated")
        assert response.headers == ((b"www-authenticate", b"Bearer"),)

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_a_good_one_lets_in(self, guarded, file, scheme):
        ask = guarded(tokens=Tokens(file))
        assert ask(INFER, BODY, authorization=f"{scheme} {OLD}")[0].status == 200

    def test_every_path_needs_one_but_those_that_say_how_the_server_is(self, guarded, file):
        ask = guarded(tokens=Tokens(file))
        named = {f"/{p}/models/scale": route for (p, verb), route in ask.app._named_routes.items() if verb is None}
        routes = {**ask.app._routes, **named, "/nowhere": ask.app._no_route}
        statuses = {path: ask(path, method=route.method or "GET")[0].status for path, route in routes.items()}
        admitted = {path for path, status in statuses.items() if status != 401}
        assert admitted == {"/v2/health/live", "/v2/health/ready", "/ping"}
        assert ask("/v2/models/scale/ready")[0].status == 200
        assert ask("/metrics", authorization=f"Bearer {OLD}")[0].status == 200

    def test_the_scoring_path_leads_nowhere_else(self, guarded, file):
        ask = guarded(tokens=Tokens(file))
        assert ask("/score", BODY, x_vertex_ai_triton_redirect="metrics")[0].status == 401

    def test_they_may_be_exchanged_while_the_server_runs(self, file, monkeypatch):
        monkeypatch.setattr("modelport_server.access.tokens.LOOK_SECONDS", 0)
        tokens = Tokens(file)
        for content, good in [
            (f"{OLD}\n{NEW}\n", {OLD, NEW}),
            (NEW, {NEW}),
            ("", {NEW}),
            ("short", {NEW}),
            (OLD, {OLD}),
        ]:
            fresh = file.with_suffix(".new")
            fresh.write_text(content)
            fresh.replace(file)
            assert {token for token in (OLD, NEW) if tokens.hold(token)} == good
        file.unlink()
        assert tokens.hold(OLD)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [(None, "cannot be read"), (b"", "holds no token"), (b"short", "less than 16"), (b"\xff", "UTF-8")],
    )
    def test_a_file_that_protects_nothing_is_refused(self, tmp_path, content, reason):
        if content is not None:
            (tmp_path / "tokens").write_bytes(content)
        with pytest.raises(TokensUnusable, match=reason):
            Tokens(tmp_path / "tokens")


def public(key, name):
    algorithm = {rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm, ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm}
    kind = next((found for base, found in algorithm.items() if isinstance(key, base)), jwt.algorithms.OKPAlgorithm)
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": name}


def token(key=KEY, name="one", algorithm="RS256", *, minutes=5, headers=None, **claims):
    now = datetime.now(UTC)
    content = {"iss": TERMS["issuer"], "aud": TERMS["audience"], "exp": now + timedelta(minutes=minutes), **claims}
    content = {key: value for key, value in content.items() if value is not None}
    return jwt.encode(content, key, algorithm, headers={"kid": name, **(headers or {})})


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [public(KEY, "one")]}))
    return path


@pytest.fixture
def issuer(keys):
    return Issuer(Terms(str(keys), **TERMS))


class TestJwt:
    def test_a_good_one_lets_in_also_a_second_time(self, guarded, issuer, monkeypatch):
        ask = guarded(issuer=issuer)
        given = f"Bearer {token()}"
        assert ask(INFER, BODY, authorization=given)[0].status == 200
        monkeypatch.setattr(issuer, "verify", None)  # what is known is not verified again
        assert ask(INFER, BODY, authorization=given)[0].status == 200

    @pytest.mark.parametrize(
        ("key", "algorithm"),
        [
            (ec.generate_private_key(ec.SECP256R1()), "ES256"),
            (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
            (OTHER, "PS256"),
        ],
    )
    def test_keys_of_other_kinds_do(self, keys, key, algorithm):
        described = {**public(key, "two"), "alg": algorithm}
        keys.write_text(json.dumps({"keys": [public(KEY, "one"), described]}))
        issuer = Issuer(Terms(str(keys), **TERMS))
        assert issuer.verify(token(key, "two", algorithm))
        assert issuer.verify(token())

    @pytest.mark.parametrize(
        "bad",
        [
            lambda: token(OTHER),
            lambda: token(name="unknown"),
            lambda: token(minutes=-2),
            lambda: token(exp=None),
            lambda: token(aud="other"),
            lambda: token(aud=None),
            lambda: token(iss="https://other.example"),
            lambda: token(nbf=datetime.now(UTC) + timedelta(minutes=5)),
            lambda: token("", algorithm="none"),
            lambda: token(KEY.public_key().public_numbers().n.to_bytes(256), algorithm="HS256"),
            lambda: token()[:-8] + "AAAAAAAA",
            lambda: ".".join([*token().split(".")[:1], *token(aud="other").split(".")[1:2], *token().split(".")[2:]]),
            lambda: "a.b.c",
            lambda: "",
            lambda: "\xe9",
        ],
    )
    def test_any_other_does_not(self, guarded, issuer, bad):
        ask = guarded(issuer=issuer)
        response, answer = ask(INFER, BODY, authorization=f"Bearer {bad()}")
        assert (response.status, answer["code"]) == (401, "unauthenticated")

    def test_one_that_has_ended_is_forgotten(self, issuer, monkeypatch):
        given = token(minutes=1)
        assert issuer.verify(given)
        assert issuer.has_seen(given)
        now = time.time()
        monkeypatch.setattr("time.time", lambda: now + 61)
        assert not issuer.has_seen(given)

    def test_what_is_remembered_is_bounded(self, issuer, monkeypatch):
        monkeypatch.setattr("modelport_server.access.jwt.MOST_SEEN", 2)
        given = [token(sub=str(number)) for number in range(3)]
        assert all(issuer.verify(each) for each in given)
        assert [issuer.has_seen(each) for each in given] == [False, True, True]

    def test_new_keys_are_asked_for_but_not_for_every_token_with_an_unknown_one(self, keys, issuer, monkeypatch):
        keys.write_text(json.dumps({"keys": [public(OTHER, "two")]}))
        assert not issuer.verify(token(OTHER, "two"))
        monkeypatch.setattr("modelport_server.access.jwt.PAUSE_SECONDS", 0)
        assert issuer.verify(token(OTHER, "two"))
        keys.write_text("broken")
        assert not issuer.verify(token())
        assert issuer.verify(token(OTHER, "two"))

    def test_keys_come_from_an_address(self, keys):
        with serving(shelf := Shelf({"/keys.json": keys.read_bytes()})):
            assert Issuer(Terms(f"{shelf.url}/keys.json", **TERMS)).verify(token())


class TestServer:
    def test_http_and_grpc_ask_for_the_same_and_no_token_is_logged(self, start, bundles, file, keys):
        flags = ["--token-file", file, "--jwt-keys", keys, "--jwt-issuer", TERMS["issuer"], "--jwt-audience", "fraud"]
        server = start("--model", bundles / "twice", "--grpc-port", 0, *flags)
        signed, bad = token(), "wrong-token-wrong-token"
        statuses = [
            server.client().post(INFER, json=BODY, headers=bearer(each)).status_code for each in (OLD, signed, bad)
        ]
        assert statuses == [200, 200, 401]
        assert server.client().post(INFER, json=BODY).status_code == 401
        with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}") as channel:
            assert self.call(channel, "ServerReady").ready
            assert self.call(channel, "ModelMetadata", bearer(OLD), name="scale").name == "scale"
            assert self.call(channel, "ModelMetadata", bearer(signed), name="scale").name == "scale"
            for headers in ({}, bearer(bad)):
                with pytest.raises(grpc.RpcError) as refusal:
                    self.call(channel, "ModelMetadata", headers, name="scale")
                assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert server.stop() == 0
        assert not any(each in server.errors for each in (OLD, signed, bad))

    def call(self, channel, method, headers=None, **fields):
        ask = channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=message(f"{method}Request").SerializeToString,
            response_deserializer=message(f"{method}Response").FromString,
        )
        return ask(message(f"{method}Request")(**fields), metadata=tuple((headers or {}).items()), timeout=30)

    @pytest.mark.parametrize(
        ("flags", "status", "reason"),
        [
            (["--token-file", "/nowhere"], 1, "/nowhere\n  cannot be read"),
            (["--jwt-keys", "/nowhere"], 2, "--jwt-issuer and --jwt-audience is missing"),
            (["--jwt-keys", "/nowhere", "--jwt-issuer", "i", "--jwt-audience", "a"], 1, "/nowhere\n  holds no keys"),
            (["--jwt-keys", "http://example.com", "--jwt-issuer", "i", "--jwt-audience", "a"], 1, "only https is safe"),
        ],
    )
    def test_what_cannot_protect_ends_the_server(self, start, bundles, flags, status, reason):
        server = start("--model", bundles / "twice", *flags)
        assert (server.ready, server.wait()) == (None, status)
        assert reason in server.errors
        assert "Traceback" not in server.errors

    def test_without_the_extra_it_says_which(self, start, bundles, keys, tmp_path, monkeypatch):
        (tmp_path / "jwt.py").write_text("raise ModuleNotFoundError(name='jwt')")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        server = start("--model", bundles / "twice", "--jwt-keys", keys, "--jwt-issuer", "i", "--jwt-audience", "a")
        assert (server.ready, server.wait()) == (None, 2)
        assert "pip install 'modelport-server[jwt]'" in server.errors
