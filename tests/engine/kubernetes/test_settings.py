import json

import pytest

from modelport_engine.kubernetes.failures import ClusterError
from modelport_engine.kubernetes.settings import Settings, problems


def kubeconfig(*contexts, current=""):
    """A kubeconfig with a context, a cluster and a user of each name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443"}} for name in contexts],
        "users": [{"name": name, "user": {"token": "t"}} for name in contexts],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-ns"}} for name in contexts
        ],
    }


@pytest.fixture
def file(tmp_path):
    def write(name, *contexts, **options):
        path = tmp_path / name
        path.write_text(json.dumps(kubeconfig(*contexts, **options)))
        return str(path)

    return write


def test_the_current_context_of_a_file_is_never_taken_by_itself(file):
    settings = Settings({}, {"KUBECONFIG": file("config", "prod", "dev", current="prod")})
    with pytest.raises(ClusterError) as error:
        settings.connect()
    assert "pulumi config set kubernetes:context NAME" in str(error.value)
    assert str(error.value).endswith("has prod, dev.")


def test_a_kubeconfig_of_several_contexts_needs_the_name_of_one(file):
    given = file("config", "prod", "dev", current="dev")
    with pytest.raises(ClusterError, match="does not say which cluster"):
        _ = Settings({"kubeconfig": given}, {}).server
    assert Settings({"kubeconfig": given, "context": "prod"}, {}).server == "https://prod.example:6443"
    assert Settings({"kubeconfig": file("one", "lab")}, {}).server == "https://lab.example:6443"


def test_a_context_that_is_not_there_is_an_error_that_names_those_that_are(file):
    with pytest.raises(ClusterError, match="has no context prd; it has prod, dev"):
        Settings({"context": "prd", "kubeconfig": file("config", "prod", "dev")}, {}).connect()


def test_a_kubeconfig_can_be_given_as_text(file):
    text = json.dumps(kubeconfig("lab"), indent=1)
    settings = Settings({"kubeconfig": text}, {})
    assert (settings.server, settings.namespace) == ("https://lab.example:6443", "lab-ns")
    assert "lab" in settings.connect().name


def test_of_several_files_the_first_that_has_a_context_counts(file, tmp_path):
    both = f"{file('a', 'lab')}:{tmp_path / 'absent'}:{file('b', 'lab', 'prod')}"
    settings = Settings({"context": "prod"}, {"KUBECONFIG": both})
    assert settings.server == "https://prod.example:6443"
    assert Settings({"context": "lab"}, {"KUBECONFIG": both}).namespace == "lab-ns"


def test_the_stack_chooses_namespace_and_cluster(file):
    given = {"kubeconfig": file("config", "prod", "dev"), "context": "prod"}
    assert Settings({**given, "namespace": "fraud"}, {}).namespace == "fraud"
    assert Settings({**given, "cluster": "dev"}, {}).server == "https://dev.example:6443"


def test_files_in_a_kubeconfig_are_found_from_anywhere(tmp_path):
    config = kubeconfig("lab")
    config["clusters"][0]["cluster"]["certificate-authority"] = "pki/ca.crt"
    (tmp_path / "config").write_text(json.dumps(config))
    with pytest.raises(ClusterError, match=str(tmp_path / "pki" / "ca.crt")):
        Settings({"kubeconfig": str(tmp_path / "config")}, {}).connect()


@pytest.mark.parametrize("text", ["[1, 2]", "\n: :", "{nothing: at all"])
def test_what_is_no_kubeconfig_is_an_error_without_its_content(text):
    with pytest.raises(ClusterError) as error:
        Settings({"kubeconfig": text + "\n"}, {}).connect()
    assert text not in str(error.value)


def test_switches_come_from_the_stack_or_the_environment():
    assert Settings({"enableConfigMapMutable": "true"}, {}).on("enableConfigMapMutable")
    assert Settings({}, {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}).on("deleteUnreachable")
    assert not Settings({"deleteUnreachable": False}, {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}).on("deleteUnreachable")


def test_settings_that_it_does_not_have_are_refused_by_name():
    assert not list(problems({"context": "a", "version": "4.34.2", "enableServerSideApply": True}))
    found = dict(problems({"contxt": "a", "renderYamlToDirectory": "d", "enableServerSideApply": "false"}))
    assert "context" in found["contxt"]
    assert "pulumi plugin install resource kubernetes" in found["renderYamlToDirectory"]
    assert "server-side" in found["enableServerSideApply"]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({}, {"clusterIdentifier": "lab"}, True),
        ({"clusterIdentifier": "lab"}, {"clusterIdentifier": "lab", "cluster": "dev"}, True),
        ({"clusterIdentifier": "lab"}, {"clusterIdentifier": "other"}, False),
        ({}, {"cluster": "dev"}, False),
    ],
)
def test_clusters_are_told_apart_by_their_identifiers_or_else_their_servers(file, before, after, same):
    given = {"kubeconfig": file("config", "prod", "dev"), "context": "prod"}
    assert Settings({**given, **before}, {}).same_cluster(Settings({**given, **after}, {})) is same


def with_user(tmp_path, **user):
    config = kubeconfig("lab")
    config["users"][0]["user"] = user
    (tmp_path / "config").write_text(json.dumps(config))
    return Settings({"kubeconfig": str(tmp_path / "config")}, {})


def test_a_login_that_fails_is_not_taken_for_nobody(tmp_path):
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false", "interactiveMode": "Never"}
    with pytest.raises(ClusterError, match="the login of context lab by /bin/false has failed"):
        with_user(tmp_path, exec=command).connect()


def test_who_acts_as_somebody_else_does_so_or_is_refused(tmp_path):
    cluster = with_user(tmp_path, token="t", **{"as": "auditor"}).connect()
    assert cluster._client.default_headers["Impersonate-User"] == "auditor"
    with pytest.raises(ClusterError, match="with as-groups, which the built-in"):
        with_user(tmp_path, token="t", **{"as": "auditor", "as-groups": ["a"]}).connect()
