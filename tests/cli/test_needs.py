"""What pods take from registries and stores."""

from modelport.cli.needs import Need, bundles, images

DIGEST = f"sha256:{'a' * 64}"
PINNED, COPIED, MODEL = (f"registry.example/{name}@{DIGEST}" for name in ("exporter", "server", "model"))


def pods(kind="Deployment", name="web", **spec):
    template = {"spec": {"containers": [], **spec}}
    body = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "team"}, "spec": body}


def container(image, **more):
    return {"name": "it", "image": image, **more}


def test_each_image_is_listed_once_with_all_that_use_it():
    found = images(
        [
            pods(containers=[container(COPIED)], initContainers=[container(COPIED)]),
            pods("CronJob", "nightly", containers=[container(COPIED), container(PINNED)]),
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container("tool")]}},
        ],
        [("modelport:artifact:Image", {"reference": COPIED, "source": "oci-layout:/image"})],
    )
    assert found == [
        Need(PINNED, DIGEST, None, ("CronJob team/nightly",)),
        Need(COPIED, DIGEST, "oci-layout:/image", ("CronJob team/nightly", "Deployment team/web")),
        Need("tool", None, None, ("Pod a",)),
    ]


def test_an_image_that_is_a_volume_is_one_that_nodes_pull():
    volume = {"name": "model", "image": {"reference": MODEL, "pullPolicy": "IfNotPresent"}}
    assert [each.place for each in images([pods(volumes=[volume])], [])] == [MODEL]


def test_a_bundle_is_what_a_container_fetches():
    env = [{"name": "MODELPORT_MODEL", "value": "s3://b/p"}, {"name": "MODELPORT_DIGEST", "value": DIGEST}]
    others = pods(name="other", initContainers=[container(PINNED)])
    fetched = [pods(initContainers=[container(COPIED, env=env)]), others]
    artifact = ("modelport:artifact:Bundle", {"uri": "s3://b/p", "bundle": "/built"})
    assert bundles(fetched, [artifact]) == [Need("s3://b/p", DIGEST, "/built", ("Deployment team/web",))]
    assert bundles(fetched, [])[0].origin is None


def test_objects_that_only_speak_of_containers_have_no_pods():
    schema = {"properties": {"containers": {"type": "array"}}}
    assert images([{"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": schema}], []) == []
