"""Registries get to see who we are as each of them wants it, and nobody else does."""

import base64
import json
import re
import time

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support import clouds
from support.internet import certificate, internet
from support.registry import registry
from support.wire import Wire

from modelport.bundle import BundleError
from modelport.providers.artifact import ArtifactImage, push

from . import images
from .conftest import account_of

RESOURCE = ArtifactImage()
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
GOOGLE = "europe-west4-docker.pkg.dev"
AZURE = "acme.azurecr.io"
SECRETS = ("p4ss-of-ecr", "t0k3n-of-google", "t0k3n-of-entra", "r3fr3sh-of-acr", "4cc3ss-of", "hunter2", "s3cr3t")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Seller(clouds.Oci):
    """A registry that takes the tokens that it sells, each for as many requests as `lasts` says.

    Attributes:
        wanted: the `Authorization` of the one who may buy.
        sold: scopes of each token.
    """

    def __init__(self, wanted=None, lasts=10**6):
        super().__init__()
        self.wanted, self.lasts, self.sold, self.left = wanted, lasts, [], {}
        self.guard = self.watch
        self.realm = "/token"

    def watch(self, request):
        if request.path == self.realm:
            return self.sell(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.left.get(token, 0) > 0:
            self.left[token] -= 1
            repository = self.split(request.path)[0]
            right = "pull" if request.method in ("GET", "HEAD") else "pull,push"
            scopes = self.sold[int(token.rpartition("-")[2])]
            if any(scope.startswith(f"repository:{repository}:") and right in scope for scope in scopes):
                return None
        challenge = f'Bearer realm="{request.url}{self.realm}",service="seller.example",scope="ignored"'
        return 401, {"WWW-Authenticate": challenge}, b""

    def sell(self, request):
        if request.headers.get("authorization") != self.wanted or request.query["service"] != "seller.example":
            return 401
        return self.token(re.findall(r"scope=([^&]*)", request.query["..."]))

    def token(self, scopes):
        self.sold.append([scope.replace("%3A", ":").replace("%2C", ",").replace("%2F", "/") for scope in scopes])
        token = f"4cc3ss-of-{len(self.sold) - 1}"
        self.left[token] = self.lasts
        return 200, {}, json.dumps({"token": token, "expires_in": 300}).encode()


class Acr(Seller):
    """Microsoft's: a token of Entra buys a refresh token, that buys access tokens."""

    def watch(self, request):
        if request.path == "/oauth2/exchange":
            wanted = {"grant_type": "access_token", "service": AZURE, "access_token": "t0k3n-of-entra"}
            return (200, {}, b'{"refresh_token": "r3fr3sh-of-acr"}') if request.form() == wanted else 401
        return super().watch(request)

    def sell(self, request):
        form = request.form()
        wanted = {"grant_type": "refresh_token", "refresh_token": "r3fr3sh-of-acr", "service": "seller.example"}
        if request.method != "POST" or {name: form.get(name) for name in wanted} != wanted:
            return 401
        return self.token(form["scope"].split(" "))


class Entra(clouds.Cloud):
    def answer(self, request):
        base = "https://login.microsoftonline.com/tenant-1"
        if request.path.endswith("/openid-configuration"):
            found = {"issuer": f"{base}/v2.0", "token_endpoint": f"{base}/oauth2/v2.0/token"}
            found["authorization_endpoint"] = f"{base}/oauth2/v2.0/authorize"
            return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()
        form = request.form()
        wanted = {"client_id": "client-1", "client_secret": "s3cr3t", "grant_type": "client_credentials"}
        assert request.path == "/tenant-1/oauth2/v2.0/token"
        assert {name: form[name] for name in wanted} == wanted
        assert form["scope"] == "https://containerregistry.azure.net/.default"
        sold = {"access_token": "t0k3n-of-entra", "expires_in": 3600, "token_type": "Bearer"}
        return 200, {"Content-Type": "application/json"}, json.dumps(sold).encode()


class EcrApi(clouds.Cloud):
    def answer(self, request):
        assert request.headers["x-amz-target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
        assert "/eu-central-1/ecr/aws4_request" in request.headers["authorization"]
        token = base64.b64encode(b"AWS:p4ss-of-ecr").decode()
        found = {"authorizationData": [{"authorizationToken": token, "expiresAt": time.time() + 43200}]}
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(found).encode()


def ecr_registry():
    cloud = clouds.Oci()
    cloud.chunks = "dropped"
    refused = 401, {"WWW-Authenticate": f'Basic realm="https://{ECR}/",service="ecr.amazonaws.com"'}, b""
    cloud.guard = lambda asked: None if asked.headers.get("authorization") == basic("AWS", "p4ss-of-ecr") else refused
    return cloud


def google_registry():
    cloud = Seller(basic("oauth2accesstoken", clouds.Gs.token))
    cloud.realm, cloud.chunks = "/v2/token", "refused"
    return cloud


class GoogleTokens(clouds.Gs):
    def sell(self, request):
        form = request.form()
        claims = jwt.decode(
            form["assertion"], self._public_key, ["RS256"], audience="https://oauth2.googleapis.com/token"
        )
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        return 200, {}, json.dumps({"access_token": self.token, "expires_in": 3600, "token_type": "Bearer"}).encode()


@pytest.fixture
def layout(tmp_path):
    return images.of_two_platforms(tmp_path / "layout")


@pytest.fixture
def seller(services):
    cloud = services.enter_context(clouds.serving(Seller(basic("me", "hunter2"))))
    cloud.host = f"127.0.0.1:{cloud.port}"
    return cloud


@pytest.fixture
def logged_in(tmp_path):
    """Write what `docker login` writes."""

    def logged_in(host, **entry):
        (tmp_path / "docker").mkdir(exist_ok=True)
        (tmp_path / "docker" / "config.json").write_text(json.dumps({"auths": {host: entry}}))

    return logged_in


def copy(layout, repository):
    checked, failures = RESOURCE.check({"source": str(layout.path), "digest": layout.digest, "repository": repository})
    assert failures == []
    said = []
    outputs = RESOURCE.create(checked, said.append)[1]
    assert outputs["reference"] == f"{repository}@{layout.digest}"
    shown = json.dumps(outputs) + "".join(said)
    assert not [secret for secret in SECRETS if secret in shown]
    return outputs


def auth(user, password):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


class TestClouds:
    def test_amazon(self, layout, tmp_path, monkeypatch):
        here = ecr_registry()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cr3t")
        with internet({ECR: here, "api.ecr.eu-central-1.amazonaws.com": EcrApi()}, tmp_path, monkeypatch):
            outputs = copy(layout, f"{ECR}/team/server")
        assert outputs["reference"] == f"{ECR}/team/server@{layout.digest}"
        assert not [asked for asked in here.asked if asked.startswith("PATCH")]

    def test_google(self, layout, tmp_path, monkeypatch, google_key):
        public = google_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        here = google_registry()
        hosts = {GOOGLE: here, "oauth2.googleapis.com": GoogleTokens(public)}
        account_of(google_key, "https://oauth2.googleapis.com/token", tmp_path / "account.json", monkeypatch)
        with internet(hosts, tmp_path, monkeypatch):
            copy(layout, f"{GOOGLE}/project/repo/server")
        assert set(map(tuple, here.sold)) == {("repository:project/repo/server:pull,push",)}

    def test_microsoft(self, layout, tmp_path, monkeypatch):
        here = Acr()
        here.realm = "/oauth2/token"
        for name, value in {"TENANT_ID": "tenant-1", "CLIENT_ID": "client-1", "CLIENT_SECRET": "s3cr3t"}.items():
            monkeypatch.setenv(f"AZURE_{name}", value)
        with internet({AZURE: here, "login.microsoftonline.com": Entra()}, tmp_path, monkeypatch):
            copy(layout, f"{AZURE}/server")

    def test_a_cloud_without_an_identity_takes_the_login_of_docker(self, layout, tmp_path, monkeypatch, logged_in):
        here = Seller(basic("ci", "hunter2"))
        logged_in(AZURE, auth=auth("ci", "hunter2"))
        monkeypatch.setitem(__import__("sys").modules, "azure.identity", None)
        with internet({AZURE: here}, tmp_path, monkeypatch):
            copy(layout, f"{AZURE}/server")

    def test_a_cloud_without_any_identity_says_why(self, layout, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "azure.identity", None)
        with (
            internet({AZURE: Seller("nobody")}, tmp_path, monkeypatch),
            pytest.raises(BundleError, match=r"needs azure, which is not installed"),
        ):
            copy(layout, f"{AZURE}/server")


class TestLogins:
    def test_user_and_password(self, layout, seller, logged_in):
        logged_in(seller.host, auth=auth("me", "hunter2"))
        copy(layout, f"{seller.host}/team/server")

    def test_an_identity_token(self, layout, services, logged_in):
        cloud = services.enter_context(clouds.serving(Acr()))
        cloud.realm = "/oauth2/token"
        host = f"127.0.0.1:{cloud.port}"
        logged_in(host, auth=auth("00000000-0000-0000-0000-000000000000", ""), identitytoken="r3fr3sh-of-acr")
        copy(layout, f"{host}/team/server")

    def test_a_credential_helper(self, layout, seller, tmp_path, monkeypatch):
        helper = tmp_path / "bin" / "docker-credential-mine"
        helper.parent.mkdir()
        answer = json.dumps({"ServerURL": seller.host, "Username": "me", "Secret": "hunter2"})
        helper.write_text(f"#!/bin/sh\n[ \"$1 $(cat)\" = 'get {seller.host}' ] && echo '{answer}'\n")
        helper.chmod(0o755)
        monkeypatch.setenv("PATH", f"{helper.parent}:/usr/bin:/bin")
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text('{"credsStore": "mine"}')
        copy(layout, f"{seller.host}/team/server")

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"auths": []}', '{"auths": {"HOST": {"auth": "?"}}}'])
    def test_a_damaged_file_is_no_login(self, layout, seller, tmp_path, text):
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(text.replace("HOST", seller.host))
        with pytest.raises(BundleError, match="/token\n  answered 401"):
            copy(layout, f"{seller.host}/team/server")

    def test_a_wrong_password_is_not_told(self, layout, seller, logged_in):
        logged_in(seller.host, auth=auth("me", "hunter2-wrong"))
        with pytest.raises(BundleError, match="answered 401") as raised:
            copy(layout, f"{seller.host}/team/server")
        assert "hunter2" not in str(raised.value)

    def test_a_token_that_ends_in_the_middle_is_bought_again(self, layout, seller, logged_in, monkeypatch):
        monkeypatch.setattr(push, "CHUNK", 4 << 20)
        seller.lasts = 3
        logged_in(seller.host, auth=auth("me", "hunter2"))
        copy(layout, f"{seller.host}/team/server")
        assert len(seller.sold) > 5

    def test_a_source_is_asked_for_no_more_than_reading(self, layout, seller, services, logged_in):
        logged_in(seller.host, auth=auth("me", "hunter2"))
        source = copy(layout, f"{seller.host}/team/server")["reference"]
        seller.sold.clear()
        seller.left.clear()
        there = services.enter_context(clouds.serving(clouds.Oci()))
        checked, _ = RESOURCE.check(
            {"source": source, "digest": layout.digest, "repository": f"127.0.0.1:{there.port}/mirror"}
        )
        RESOURCE.create(checked, print)
        assert seller.sold == [["repository:team/server:pull"]]

    def test_another_host_does_not_see_the_token(self, layout, seller, services, logged_in, monkeypatch):
        logged_in(seller.host, auth=auth("me", "hunter2"))
        seen = []

        class Elsewhere(clouds.Cloud):
            def answer(self, request):
                seen.append(request.headers.get("authorization"))
                return 404

        other = services.enter_context(clouds.serving(Elsewhere()))
        monkeypatch.setattr(seller, "where", lambda repository, session: {"Location": f"{other.url}/upload"})
        with pytest.raises(BundleError):
            copy(layout, f"{seller.host}/team/server")
        assert seen
        assert not any(seen)

    def test_tokens_are_not_bought_without_tls(self, layout, services):
        cloud = services.enter_context(clouds.serving(clouds.Oci()))
        cloud.guard = lambda asked: (401, {"WWW-Authenticate": 'Bearer realm="http://sells.example/token"'}, b"")
        with pytest.raises(BundleError, match=r"sells tokens at 'http://sells\.example/token', which is not https"):
            copy(layout, f"127.0.0.1:{cloud.port}/server")


@pytest.mark.program("docker-registry")
def test_a_real_registry_takes_tokens_and_only_those(layout, services, tmp_path, logged_in, monkeypatch):
    """It checks the signature of each token, its scope and its end; ours are bought from a seller beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = certificate(tmp_path, ["tests"], key)
    chain = x509.load_pem_x509_certificate(pem.read_bytes()).public_bytes(serialization.Encoding.DER)

    class Tokens(clouds.Cloud):
        def answer(self, request):
            if request.headers.get("authorization") != basic("me", "hunter2"):
                return 401
            kind, name, actions = request.query["scope"].split(":")
            access = [{"type": kind, "name": name, "actions": actions.split(",")}]
            now = int(time.time())
            claims = {"iss": "tests", "aud": "real", "sub": "me", "nbf": now - 5, "exp": now + 60, "access": access}
            head = {"x5c": [base64.b64encode(chain).decode()]}
            return 200, {}, json.dumps({"token": jwt.encode(claims, key, "ES256", head)}).encode()

    tokens = services.enter_context(clouds.serving(Tokens()))
    rules = {"realm": f"{tokens.url}/token", "service": "real", "issuer": "tests", "rootcertbundle": str(pem)}
    port = services.enter_context(registry(tmp_path / "registry", auth={"token": rules}))
    wire = services.enter_context(Wire(port))
    host = f"127.0.0.1:{wire.port}"
    with pytest.raises(BundleError, match="answered 401"):
        copy(layout, f"{host}/team/server")
    logged_in(host, auth=auth("me", "hunter2"))
    assert copy(layout, f"{host}/team/server")["platforms"] == ["linux/amd64", "linux/arm64"]
    assert tokens.asked
