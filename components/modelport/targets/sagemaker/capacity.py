"""Instance types for inference.

Source: https://aws.amazon.com/sagemaker/ai/pricing (real-time inference), https://docs.aws.amazon.com/ec2/latest/instancetypes
"""

from collections.abc import Iterable, Iterator

from modelport.plan import Machine
from modelport.spec import Memory

SIZES = {"large": 2, "xlarge": 4} | {f"{times}xlarge": 4 * times for times in (2, 4, 8, 9, 12, 16, 18, 24, 32, 48)}
"""Cores by size, in families of machines without accelerators."""
FAMILIES = {
    "c5": (2, "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge"),
    "c6i": (2, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    "c7i": (2, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    "m5": (4, "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"),
    "m6i": (4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    "m7i": (4, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
    "r5": (8, "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge"),
    "r6i": (8, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"),
    "r7i": (8, "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"),
}
"""GiB a core and sizes."""
GPUS = {
    "nvidia-t4": "g4dn.xlarge 4 16 1, g4dn.2xlarge 8 32 1, g4dn.4xlarge 16 64 1, g4dn.8xlarge 32 128 1, "
    "g4dn.12xlarge 48 192 4, g4dn.16xlarge 64 256 1",
    "nvidia-a10g": "g5.xlarge 4 16 1, g5.2xlarge 8 32 1, g5.4xlarge 16 64 1, g5.8xlarge 32 128 1, "
    "g5.12xlarge 48 192 4, g5.16xlarge 64 256 1, g5.24xlarge 96 384 4, g5.48xlarge 192 768 8",
    "nvidia-l4": "g6.xlarge 4 16 1, g6.2xlarge 8 32 1, g6.4xlarge 16 64 1, g6.8xlarge 32 128 1, "
    "g6.12xlarge 48 192 4, g6.16xlarge 64 256 1, g6.24xlarge 96 384 4, g6.48xlarge 192 768 8",
    "nvidia-l40s": "g6e.xlarge 4 32 1, g6e.2xlarge 8 64 1, g6e.4xlarge 16 128 1, g6e.8xlarge 32 256 1, "
    "g6e.12xlarge 48 384 4, g6e.16xlarge 64 512 1, g6e.24xlarge 96 768 4, g6e.48xlarge 192 1536 8",
    "nvidia-v100": "p3.2xlarge 8 61 1, p3.8xlarge 32 244 4, p3.16xlarge 64 488 8",
    "nvidia-a100-40gb": "p4d.24xlarge 96 1152 8",
    "nvidia-a100-80gb": "p4de.24xlarge 96 1152 8",
    "nvidia-h100-80gb": "p5.4xlarge 16 256 1, p5.48xlarge 192 2048 8",
    "nvidia-h200-141gb": "p5e.48xlarge 192 2048 8, p5en.48xlarge 192 2048 8",
}
"""Size, cores, GiB and GPUs by their kind."""
NOT_FOR_BATCH = ("ml.c5.large", "ml.r5.", "ml.p4d.", "ml.p4de.", "ml.p5.", "ml.p5e.", "ml.p5en.")
"""Names, and beginnings of names, of types that transform jobs do not run on: botocore, TransformInstanceType."""
LOCAL_DISKS = ("ml.g4dn.", "ml.g5.", "ml.g6.", "ml.g6e.", "ml.p4d.", "ml.p4de.", "ml.p5.", "ml.p5e.", "ml.p5en.")
"""Families whose disks are their own, encrypted by hardware, and not by a key that one gives."""


def machines() -> Iterator[Machine]:
    """Every instance type."""
    for family, (share, sizes) in FAMILIES.items():
        for size in sizes.split():
            yield _machine(f"ml.{family}.{size}", SIZES[size], share * SIZES[size])
    for kind, types in GPUS.items():
        for name, cpu, memory, gpus in _rows(types):
            yield _machine(f"ml.{name}", float(cpu), int(memory), kind, int(gpus))


def has_own_disks(machine: str) -> bool:
    """Whether volumes of an instance type are its own disks, for which a configuration may name no key."""
    return machine.startswith(LOCAL_DISKS)


def _machine(name: str, cpu: float, gigabytes: int, kind: str | None = None, gpus: int = 0) -> Machine:
    not_for = ("batch",) if name.startswith(NOT_FOR_BATCH) else ()
    return Machine(
        name,
        cpu,
        Memory.parse(f"{gigabytes}Gi"),
        kind,
        gpus,
        not_for,
        f"{name} for endpoint usage, or for transform job usage",
    )


def _rows(types: str) -> Iterable[list[str]]:
    return (each.split() for each in types.split(", "))


MACHINES = tuple(machines())
