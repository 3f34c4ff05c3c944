import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelport.plan import Machine
from modelport.plan.capacity import Shortage, machine_for, smallest
from modelport.spec import Accelerator, Compute, Memory, Metadata, Model, ModelSpec

MACHINES = (
    Machine("gpu-4", 32, Memory.parse("128Gi"), "nvidia-t4", 4),
    Machine("large", 16, Memory.parse("64Gi")),
    Machine("gpu-1", 4, Memory.parse("16Gi"), "nvidia-t4", 1),
    Machine("small", 2, Memory.parse("4Gi")),
    Machine("roomy", 2, Memory.parse("16Gi")),
)


def choose(cpu=1, memory="1Gi", gpu=None, count=1):
    accelerator = gpu and Accelerator(kind=gpu, count=count)
    return smallest(MACHINES, Compute(cpu=cpu, memory=Memory.parse(memory), accelerator=accelerator))


def test_without_accelerator_the_smallest_machine_has_none():
    assert choose().name == "small"
    assert choose(memory="8Gi").name == "roomy"
    assert choose(cpu=3).name == "large"


def test_a_machine_with_accelerators_is_for_who_asks_for_them():
    assert choose(cpu=20).field == "compute.cpu"
    assert choose(cpu=20, gpu="nvidia-t4").name == "gpu-4"


def test_an_accelerator_is_of_the_kind_and_number_asked():
    assert choose(gpu="nvidia-t4").name == "gpu-1"
    assert choose(gpu="nvidia-t4", count=2).name == "gpu-4"
    assert choose(gpu="nvidia-t4", cpu=8).name == "gpu-4"


def test_what_is_too_much_names_the_field_and_the_nearest_possible():
    assert choose(cpu=64) == Shortage("compute.cpu", "no fitting machine has more than 16", "at most 16 (large)")
    assert choose(memory="1Ti").field == "compute.memory"
    assert choose(memory="1Ti").nearest == "at most 64Gi (large)"
    assert choose(gpu="nvidia-t4", count=8).nearest == "at most 4 (gpu-4)"
    assert choose(gpu="nvidia-h100-80gb").nearest == "one of nvidia-t4"


def named(machine, mode="realtime", machines=MACHINES, **compute):
    compute = Compute(machine=machine, **{"memory": Memory.parse("1Gi"), **compute})
    spec = ModelSpec(metadata=Metadata(name="fraud"), model=Model(source="fraud.onnx"), mode=mode, compute=compute)
    return machine_for(machines, spec)


def test_a_machine_that_is_named_is_taken():
    assert named("large").name == "large"
    assert named(None).name == "small"
    assert named("gpu-4", accelerator=Accelerator(kind="nvidia-t4")).name == "gpu-4"


@pytest.mark.parametrize(
    ("machine", "compute", "reason", "nearest"),
    [
        ("lagre", {}, "there is no such machine", "large"),
        ("mainframe", {}, "there is no such machine", "small"),
        ("small", {"cpu": 3}, "it has 2, and compute.cpu asks for 3", "large, the smallest that fits"),
        (
            "small",
            {"memory": Memory.parse("8Gi")},
            "it has 4Gi, and compute.memory asks for 8Gi",
            "roomy, the smallest that fits",
        ),
        (
            "large",
            {"accelerator": Accelerator(kind="nvidia-t4")},
            "it has none, and compute.accelerator.kind asks for nvidia-t4",
            "gpu-1, the smallest that fits",
        ),
        (
            "gpu-1",
            {},
            "it has 1 x nvidia-t4, and no compute.accelerator asks for them",
            "small, the smallest that fits",
        ),
    ],
)
def test_a_machine_that_does_not_fit_is_told_with_one_that_does(machine, compute, reason, nearest):
    assert named(machine, **compute) == Shortage("compute.machine", reason, nearest)


def test_what_no_machine_has_is_told_before_the_machine():
    assert named("small", cpu=64).field == "compute.cpu"


def test_a_machine_runs_only_the_modes_that_it_is_for():
    machines = (Machine("small", 2, Memory.parse("4Gi"), not_for=("batch",)), *MACHINES[1:3])
    assert named(None, machines=machines).name == "small"
    assert named(None, "batch", machines).name == "large"
    assert named("small", "batch", machines) == Shortage("compute.machine", "it is not for mode: batch", "large")


def test_without_instances_of_its_own_there_is_no_machine():
    assert named(None, "serverless") is None
    assert named(None, machines=()) is None


@given(st.floats(0.1, 16), st.integers(1, 64), st.sampled_from([None, 1, 2, 4]))
def test_no_smaller_machine_would_do(cpu, gibibytes, count):
    compute = Compute(
        cpu=cpu, memory=Memory.parse(f"{gibibytes}Gi"), accelerator=count and Accelerator(kind="nvidia-t4", count=count)
    )

    def size(machine):
        return machine.accelerators, machine.cpu, machine.memory

    def does(machine):
        gpus = machine.accelerators >= count if count else not machine.accelerators
        return gpus and machine.cpu >= compute.cpu and machine.memory >= compute.memory

    chosen = smallest(MACHINES, compute)
    assert does(chosen)
    assert size(chosen) == min(size(machine) for machine in MACHINES if does(machine))
