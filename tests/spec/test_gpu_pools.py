"""What a stack file may say about pools of GPUs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from modelport.spec import Accelerator, ConfigError, Environment
from modelport.spec.mig import COMPUTE, MEMORY, PROFILES, too_many

DIGEST = "sha256:" + "0" * 64
L4 = {"name": "l4", "kind": "nvidia-l4", "nodes": ["l4-0"], "gpusPerNode": 4}
SLICED = {**L4, "kind": "nvidia-h100-80gb", "sharing": "mig", "slices": {"1g.10gb": 7}}


def environment(*pools, target="kubernetes", **more):
    config = {"modelport:target": target, "modelport:gpuPools": json.dumps({"pools": pools, **more})}
    return Environment.from_config(config, stack="dev")


def problem(*pools, **more):
    with pytest.raises(ConfigError) as wrong:
        environment(*pools, **more)
    return str(wrong.value)


def test_pools_keep_their_order():
    pools = environment(L4, {**SLICED, "name": "h100", "nodes": ["h100-0"]}).gpu_pools.pools
    assert [pool.name for pool in pools] == ["l4", "h100"]
    assert pools[1].slices == {"1g.10gb": 7}


@pytest.mark.parametrize(
    ("pool", "place", "words"),
    [
        ({**L4, "nodes": []}, "nodes", "one of the two"),
        ({**L4, "selector": {"gpu": "l4"}}, "nodes", "one of the two"),
        ({**L4, "nodes": ["l4-0", "l4-0"]}, "nodes", "without repetitions"),
        ({**L4, "nodes": ["l4 0"]}, "nodes", "a node's name"),
        ({**L4, "nodes": [], "selector": {"gpu": "l4"}, "taint": True}, "taint", "are not changed"),
        ({**L4, "kind": "nvidia-l5"}, "kind", "nvidia-l4"),
        ({**L4, "gpusPerNode": 0}, "gpusPerNode", "1"),
        ({**L4, "sharing": "time-slicing"}, "replicas", "must be there"),
        ({**L4, "replicas": 4}, "replicas", "goes with sharing: time-slicing"),
        ({**L4, "sharing": "time-slicing", "replicas": 1}, "replicas", "2"),
        ({**L4, "sharing": "mig"}, "slices", "must be there"),
        ({**L4, "slices": {"1g.10gb": 1}}, "slices", "goes with sharing: mig"),
        ({**SLICED, "kind": "nvidia-l4"}, "slices", "nvidia-l4 cannot be cut into slices"),
        ({**SLICED, "slices": {"1g.18gb": 7}}, "slices", "it has 1g.10gb, 1g.20gb, 2g.20gb, 3g.40gb, 4g.40gb, 7g.80gb"),
        ({**SLICED, "slices": {"1g.10gb": 8}}, "slices", "these take 8 and 8"),
        ({**SLICED, "slices": {"1g.10gb": 1, "2g.20gb": 1}, "resource": "x"}, "resource", "cannot have one name"),
        ({**L4, "quotas": 1}, "quotas", "Did you mean quota?"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_at_its_place(pool, place, words):
    told = problem(pool)
    assert f"modelport:gpuPools.pools[0].{place}" in told
    assert words in told


def test_pools_share_no_name_and_no_node():
    assert "pools[1].name" in problem(L4, {**L4, "nodes": ["l4-1"]})
    assert "l4-0 is in the pool l4 already" in problem(L4, {**L4, "name": "more", "nodes": ["l4-1", "l4-0"]})


def test_what_is_installed_is_pinned_and_uses_nvidias_names():
    assert "gpuPools.devicePlugin" in problem(L4, devicePlugin="registry.example/plugin:v1")
    assert "gpuPools.exporter" in problem(L4, exporter="registry.example/exporter:v1")
    named = {**L4, "resource": "example.com/l4"}
    assert environment(named).gpu_pools.pools[0].resource == "example.com/l4"
    assert "pools[0].resource" in problem(named, devicePlugin=f"registry.example/plugin@{DIGEST}")


def test_no_other_target_has_pools():
    with pytest.raises(ConfigError, match="only the target kubernetes has pools"):
        environment(L4, target="local")


def test_an_accelerator_has_the_slices_of_its_kind_alone():
    assert Accelerator(kind="nvidia-h200-141gb", sharing="mig-1g.18gb").count == 1
    with pytest.raises(ValidationError, match=r"no slice 1g\.18gb; it has 1g\.10gb"):
        Accelerator(kind="nvidia-h100-80gb", sharing="mig-1g.18gb")
    with pytest.raises(ValidationError, match="nvidia-t4 cannot be cut"):
        Accelerator(kind="nvidia-t4", sharing="mig-1g.10gb")


MOST = {"1g": 7, "2g": 3, "3g": 2, "4g": 1, "7g": 1}
"""Instances of a profile on one GPU, as NVIDIA lists them; those of 1g with a quarter of the memory: 4."""


@pytest.mark.parametrize("kind", PROFILES)
def test_one_gpu_gives_as_many_slices_of_a_profile_as_nvidia_says(kind):
    for profile, taken in PROFILES[kind].items():
        most = 4 if (taken.compute, taken.memory) == (1, 2) else MOST[profile.split(".")[0]]
        assert too_many(kind, {profile: most}) == ""
        assert too_many(kind, {profile: most + 1})


@given(st.dictionaries(st.sampled_from(sorted(PROFILES["nvidia-h200-141gb"])), st.integers(1, 8), min_size=1))
def test_a_gpu_gives_no_more_than_it_has(slices):
    profiles = PROFILES["nvidia-h200-141gb"]
    compute = sum(profiles[each].compute * count for each, count in slices.items())
    memory = sum(profiles[each].memory * count for each, count in slices.items())
    assert bool(too_many("nvidia-h200-141gb", slices)) == (compute > COMPUTE or memory > MEMORY)
