from types import SimpleNamespace

import pytest

from modelport_server.inference.catalog import Catalog, Twice


def models(*versions, name="m"):
    return [SimpleNamespace(bundle=SimpleNamespace(name=name, version=version)) for version in versions]


@pytest.mark.parametrize(
    ("versions", "newest"),
    [("1 10 9", "10"), ("1.10 1.9", "1.10"), ("v2 v10", "v10"), ("2026-11-21 2026-2-1", "2026-11-21")],
)
def test_without_a_version_the_newest_is_meant(versions, newest):
    catalog = Catalog()
    catalog.fill(models(*versions.split()))
    assert catalog.named("m").bundle.version == newest
    assert catalog.versions("m")[-1] == newest


def test_models_that_cannot_be_told_apart_are_refused():
    catalog = Catalog()
    catalog.fill([*models("1", "2"), *models("1", name="other")])
    assert [model.bundle.name for model in catalog] == ["m", "m", "other"]
    with pytest.raises(Twice, match="two models are called m 1"):
        catalog.fill(models("1", "2", "1"))
