"""What a platform says to its container."""

import shutil

import pytest
from support.server import free_port

from modelport_server import environment
from modelport_server.environment import NoModel


@pytest.fixture
def container(start, monkeypatch, tmp_path):
    """Start a server as a platform would: with variables, and its models in a folder."""

    def container(*flags, **env):
        for name, value in env.items():
            monkeypatch.setenv(name, str(value))
        return start(*flags, http_port=None)

    return container


def test_sagemaker_names_the_port(container, bundles):
    port = free_port()
    server = container(MODELPORT_MODEL=bundles / "twice", SAGEMAKER_BIND_TO_PORT=port)
    assert (server.port, server.get("/ping").status_code) == (port, 200)


def test_vertex_names_port_and_paths(container, bundles):
    port = free_port()
    server = container(
        MODELPORT_MODEL=bundles / "twice",
        AIP_HTTP_PORT=port,
        AIP_HEALTH_ROUTE="/v1/endpoints/1/deployedModels/2",
        AIP_PREDICT_ROUTE="/v1/endpoints/1/deployedModels/2:predict",
    )
    with server.client() as client:
        assert server.port == port
        assert client.get("/v1/endpoints/1/deployedModels/2").json() == {"ready": True}
        answer = client.post("/v1/endpoints/1/deployedModels/2:predict", json={"instances": [[1, 2, 3]]})
        assert answer.json() == {"predictions": [[2.0, 4.0, 6.0]]}


def test_azure_ml_mounts_the_model_and_chooses_its_paths(container, bundles, tmp_path):
    shutil.copytree(bundles / "twice", tmp_path / "azureml-models" / "scale" / "1" / "bundle")
    server = container(
        MODELPORT_HTTP_PORT=0,
        AZUREML_MODEL_DIR=tmp_path / "azureml-models" / "scale" / "1",
        MODELPORT_SCORE_PATH="/score,/api/v2/score",
        MODELPORT_LIVE_PATH="/livez",
        MODELPORT_READY_PATH="/readyz",
    )
    with server.client() as client:
        assert client.get("/livez").json() == {"live": True}
        assert client.get("/readyz").json() == {"ready": True}
        for path in ("/score", "/api/v2/score"):
            assert client.post(path, json=[[1, 2, 3]]).json() == {"predictions": [[2.0, 4.0, 6.0]]}


def test_our_own_word_is_before_the_platforms(container, bundles, tmp_path):
    port = free_port()
    server = container(
        MODELPORT_MODEL=bundles / "twice", MODELPORT_HTTP_PORT=port, AIP_HTTP_PORT=1, AZUREML_MODEL_DIR=tmp_path
    )
    assert server.port == port


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"AIP_HTTP_PORT": "http"}, "AIP_HTTP_PORT is 'http', and should be a port's number"),
        ({"AIP_PREDICT_ROUTE": "/metrics"}, "/metrics is metrics here and cannot be score too"),
    ],
)
def test_what_cannot_be_ends_the_server_with_the_reason(container, bundles, env, message):
    given = {"MODELPORT_MODEL": bundles / "twice", **env}
    server = container(**{name: value for name, value in given.items() if value})
    assert (server.ready, server.wait()) == (None, 2)
    assert message in server.errors
    assert "Traceback" not in server.errors


class TestMounts:
    @pytest.fixture(autouse=True)
    def mount(self, monkeypatch, tmp_path):
        mounts = (tmp_path / "opt", tmp_path / "mnt")
        for mount in mounts:
            mount.mkdir()
        monkeypatch.setattr(environment, "MOUNTS", mounts)
        return mounts

    def test_each_platform_has_its_place_in_this_order(self, mount, bundles):
        opt, mnt = mount
        shutil.copy(bundles / "slow.onnx", mnt)
        assert environment.models({}) == [str(mnt)]
        shutil.copy(bundles / "slow.onnx", opt)
        assert environment.models({}) == [str(opt)]
        assert environment.models({"AZUREML_MODEL_DIR": "/a"}) == ["/a"]
        assert environment.models({"AZUREML_MODEL_DIR": "/a", "AIP_STORAGE_URI": "gs://b/c"}) == ["gs://b/c"]

    def test_nothing_anywhere_is_said(self):
        with pytest.raises(NoModel, match="give --model PATH, or set MODELPORT_MODEL"):
            environment.models({})
