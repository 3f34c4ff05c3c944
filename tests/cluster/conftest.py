import json
import os
import time
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cluster.bed import crds as definitions
from cluster.bed import users
from cluster.bed.api import ApiError
from cluster.bed.control_plane import ControlPlane
from cluster.bed.locks import locked
from cluster.bed.nodes import NODES
from cluster.bed.real_node import lacking
from cluster.bed.real_node import real_node as the_real_node
from cluster.bed.shared import shared, stop
from cluster.bed.waiting import until
from cluster.services import PROGRAM, Service
from support import clouds
from support.demands import lacks
from support.stack import Stack

HERE = Path(__file__).parent
STATE = HERE.parents[1] / ".cluster" / "tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """All that is here needs a cluster, or is about one."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.cluster)


def pytest_runtest_setup():
    """Begin no test after MODELPORT_CLUSTER_UNTIL, in seconds of the epoch: a slow machine does what it can."""
    if time.time() > float(os.environ.get("MODELPORT_CLUSTER_UNTIL", "inf")):
        pytest.skip("there was no time for it")


@pytest.fixture(scope="session")
def cluster():
    """The cluster that all tests of all workers share, with the nodes of bed.nodes.NODES."""
    with shared(STATE) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def crds(cluster):
    """The names of the custom resource definitions, which the shared cluster has from now on."""
    installed = cluster.folder / "crds.json"
    with locked(cluster.folder / "lock"):
        if not installed.exists():
            installed.write_text(json.dumps(definitions.install(cluster.api)))
    return json.loads(installed.read_text())


@pytest.fixture
def start_cluster(tmp_path):
    """Start clusters of the test's own, which have no CRDs, and the nodes that the test likes."""
    clusters = []

    def start(*nodes):
        folder = tmp_path / f"cluster-{len(clusters)}"
        clusters.append(ControlPlane.start(folder, nodes or NODES))
        return clusters[-1]

    yield start
    for each in clusters:
        stop(each)


@pytest.fixture
def make_namespace(cluster):
    """Make namespaces in the shared cluster; they are deleted afterwards."""
    names = []

    def make(labels=None):
        names.append(f"test-{uuid.uuid4().hex[:8]}")
        metadata = {"name": names[-1], "labels": labels or {}}
        cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        account = cluster.api.path("v1", "ServiceAccount", "default", names[-1])
        until(lambda: cluster.api.ready(account))  # no pod is admitted before
        return names[-1]

    yield make
    for name in names:
        with suppress(ApiError):  # the test may have deleted it
            cluster.api.delete("v1", "Namespace", name)


@pytest.fixture
def namespace(make_namespace):
    """A namespace of the test's own."""
    return make_namespace()


@pytest.fixture(scope="session")
def registry():
    """Where models are brought to; the simulated nodes ask nobody for them."""
    with clouds.serving(clouds.Oci()) as cloud:
        yield f"127.0.0.1:{cloud.port}"


@pytest.fixture
def service(cluster, registry, tmp_path):
    """A stack with a service of a name of its own; it is removed afterwards."""
    with Stack(tmp_path / "project", PROGRAM) as stack:
        service = Service(cluster, stack, registry)
        yield service
        service.remove()


@pytest.fixture
def user(cluster):
    """Give the kubeconfig of a user who has the rights of some rules, in a namespace or in all, and no more."""
    with ExitStack() as users_of_the_test:
        yield lambda rules, namespace=None: users_of_the_test.enter_context(users.user_with(cluster, rules, namespace))


@pytest.fixture
def expired_kubeconfig(cluster):
    """Of an account whose token is no longer good."""
    return users.account(cluster, -60)


@pytest.fixture
def unknown_kubeconfig(cluster):
    """Of somebody whom the cluster does not know."""
    return users.unknown(cluster)


@pytest.fixture
def astray_kubeconfig(cluster):
    """For an address where nobody listens."""
    return users.astray(cluster)


@pytest.fixture
def real_node(cluster):
    """The node of the shared cluster on which containers run, for this test alone until it ends."""
    if absent := lacking():
        lacks(absent)
    with the_real_node(cluster) as node:
        yield node
