"""Which pools serve a service with GPUs, in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelport.plan import NoPlace, Placement, Refused, TagRule, Target, make_plan, place
from modelport.plan.capability import UNBUILT, native
from modelport.spec import Accelerator, Environment, GpuPool, GpuPools

L4 = GpuPool(name="l4", kind="nvidia-l4", nodes=("l4-0", "l4-1"), gpus_per_node=4)
MORE = GpuPool(name="more", kind="nvidia-l4", selector={"gpu": "l4"}, gpus_per_node=8)
SHARED = GpuPool(name="shared", kind="nvidia-l4", nodes=("l4-2",), gpus_per_node=2, sharing="time-slicing", replicas=4)
SLICED = GpuPool(
    name="sliced", kind="nvidia-h200-141gb", nodes=("h200-0",), gpus_per_node=8, sharing="mig", slices={"1g.18gb": 7}
)
POOLS = (L4, MORE, SHARED, SLICED)


def names(placement):
    return [pool.name for pool in placement.pools]


@pytest.mark.parametrize(
    ("gpu", "pools", "resource"),
    [
        (Accelerator(kind="nvidia-l4"), ["l4", "more"], "nvidia.com/gpu"),
        (Accelerator(kind="nvidia-l4", count=8), ["more"], "nvidia.com/gpu"),
        (Accelerator(kind="nvidia-l4", sharing="time-slicing"), ["shared"], "nvidia.com/gpu.shared"),
        (Accelerator(kind="nvidia-h200-141gb", sharing="mig-1g.18gb"), ["sliced"], "nvidia.com/mig-1g.18gb"),
    ],
)
def test_pools_that_have_what_is_asked_serve_in_the_order_of_the_stack(gpu, pools, resource):
    placement = place(gpu, POOLS)
    assert (names(placement), placement.resource) == (pools, resource)
    if len(pools) > 1:
        assert names(place(gpu, POOLS[::-1])) == pools[::-1]


@pytest.mark.parametrize(
    ("gpu", "field", "words"),
    [
        (Accelerator(kind="nvidia-t4"), "kind", "needs 1 x nvidia-t4; pools have: l4 4 x nvidia-l4 a node; more 8 x"),
        (Accelerator(kind="nvidia-h200-141gb"), "sharing", "sliced 56 x nvidia-h200-141gb mig-1g.18gb a node"),
        (Accelerator(kind="nvidia-h200-141gb", sharing="mig-2g.35gb"), "sharing", "needs 1 x nvidia-h200-141gb mig-2g"),
        (Accelerator(kind="nvidia-l4", count=9), "count", "needs 9 x nvidia-l4"),
        (Accelerator(kind="nvidia-l4", count=2, sharing="time-slicing"), "count", "shared 8 x nvidia-l4 time-slicing"),
    ],
)
def test_what_no_pool_has_is_told_with_what_they_have(gpu, field, words):
    nowhere = place(gpu, POOLS)
    assert isinstance(nowhere, NoPlace)
    assert nowhere.field == f"compute.accelerator.{field}"
    assert words in nowhere.reason


def test_the_most_that_a_node_has_is_the_advice():
    assert "at most 8" in place(Accelerator(kind="nvidia-l4", count=9), POOLS).alternative
    assert "Use 1" in place(Accelerator(kind="nvidia-l4", count=2, sharing="time-slicing"), POOLS).alternative
    assert "modelport:gpuPools" in place(Accelerator(kind="nvidia-t4"), ()).alternative


def test_an_instance_asks_for_one_resource_so_pools_with_another_name_for_it_do_not_serve():
    renamed = MORE.model_copy(update={"resource": "example.com/l4"})
    gpu = Accelerator(kind="nvidia-l4")
    assert names(place(gpu, (L4, renamed))) == ["l4"]
    assert (names(place(gpu, (renamed, L4))), place(gpu, (renamed, L4)).resource) == (["more"], "example.com/l4")


@pytest.mark.parametrize(
    ("pools", "gpu", "room"),
    [
        ([L4], Accelerator(kind="nvidia-l4"), 8),
        ([L4], Accelerator(kind="nvidia-l4", count=3), 2),
        ([L4, MORE], Accelerator(kind="nvidia-l4"), None),
        ([L4, MORE.model_copy(update={"quota": 5})], Accelerator(kind="nvidia-l4", count=2), 8 // 2 + 5 // 2),
        ([L4.model_copy(update={"quota": 3})], Accelerator(kind="nvidia-l4"), 3),
        ([SHARED], Accelerator(kind="nvidia-l4", sharing="time-slicing"), 8),
        ([SLICED], Accelerator(kind="nvidia-h200-141gb", sharing="mig-1g.18gb", count=2), 28),
    ],
)
def test_room_is_what_nodes_and_quotas_leave_as_far_as_it_is_known(pools, gpu, room):
    assert place(gpu, pools).room == room


COUNTS = st.integers(1, 8)
ANY_POOL = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b", "c"]),
        "kind": st.sampled_from(["nvidia-t4", "nvidia-l4"]),
        "nodes": st.sets(st.sampled_from(["x", "y", "z"]), min_size=1).map(tuple),
        "gpus_per_node": COUNTS,
        "quota": st.none() | COUNTS,
    }
).map(lambda fields: GpuPool(**fields))


@given(st.lists(ANY_POOL), st.sampled_from(["nvidia-t4", "nvidia-l4"]), COUNTS)
def test_pools_serve_exactly_when_a_node_of_theirs_has_enough(pools, kind, count):
    placement = place(Accelerator(kind=kind, count=count), pools)
    fit = [pool for pool in pools if pool.kind == kind and pool.gpus_per_node >= count]
    if isinstance(placement, Placement):
        assert list(placement.pools) == fit
        assert placement.room <= sum(len(pool.nodes) * pool.gpus_per_node // count for pool in fit)
    else:
        assert not fit


DONE = ("metadata.name", "model.source", *(f"compute.accelerator.{name}" for name in ("kind", "count", "sharing")))
ROWS = {**UNBUILT, **dict.fromkeys(DONE, native("x", source="y"))}
CLUSTER = Target("cluster", ROWS, 63, TagRule(63, 63, "[^a-z]"), has_pools=True)
GPU = "compute: {accelerator: {kind: nvidia-l4}}\n"


def test_the_plan_knows_the_pools_and_so_do_policies(write):
    stack = Environment(stack="dev", targets=("local",), gpu_pools=GpuPools(pools=(L4, MORE)))
    assert make_plan(write(GPU), stack, CLUSTER).governed_inputs()["pools"] == ["l4", "more"]
    assert "pools" not in make_plan(write(), stack, CLUSTER).governed_inputs()


def test_a_target_with_pools_refuses_what_they_do_not_have_at_the_line_of_the_file(write):
    stack = Environment(stack="dev", targets=("local",))
    with pytest.raises(Refused) as refused:
        make_plan(write(GPU), stack, CLUSTER)
    told = 'fraud.yaml:3  compute.accelerator.kind: "nvidia-l4"\n  MP401 refused by cluster: needs 1 x nvidia-l4; '
    assert told in str(refused.value)
