"""Machine types for inference.

Source: https://cloud.google.com/vertex-ai/docs/predictions/configure-compute
"""

from collections.abc import Iterator

from modelport.plan import Machine
from modelport.spec import Memory

FAMILIES = {
    "n2-standard": (4, "2 4 8 16 32 48 64 80"),
    "n2-highmem": (8, "2 4 8 16 32 48 64 80"),
    "n2-highcpu": (1, "4 8 16 32 48 64 80"),
    "e2-standard": (4, "2 4 8 16 32"),
    "e2-highmem": (8, "2 4 8 16"),
    "e2-highcpu": (1, "4 8 16 32"),
    "c3-highcpu": (2, "4 8 22 44 88 176"),
    "c3-standard": (4, "4 8 22 44 88 176"),
    "c3-highmem": (8, "4 8 22 44 88 176"),
}
"""GiB a core, and cores."""
GPUS = {
    "nvidia-t4": "n1-standard-4 4 15 1, n1-standard-16 16 60 2, n1-standard-32 32 120 4",
    "nvidia-v100": "n1-highmem-8 8 52 1, n1-highmem-16 16 104 2, n1-highmem-32 32 208 4",
    "nvidia-l4": "g2-standard-4 4 16 1, g2-standard-8 8 32 1, g2-standard-12 12 48 1, g2-standard-16 16 64 1, "
    "g2-standard-32 32 128 1, g2-standard-24 24 96 2, g2-standard-48 48 192 4, g2-standard-96 96 384 8",
    "nvidia-a100-40gb": "a2-highgpu-1g 12 85 1, a2-highgpu-2g 24 170 2, a2-highgpu-4g 48 340 4, a2-highgpu-8g 96 680 8",
    "nvidia-a100-80gb": "a2-ultragpu-1g 12 170 1, a2-ultragpu-2g 24 340 2, a2-ultragpu-4g 48 680 4, "
    "a2-ultragpu-8g 96 1360 8",
    "nvidia-h100-80gb": "a3-highgpu-1g 26 234 1, a3-highgpu-2g 52 468 2, a3-highgpu-4g 104 936 4, "
    "a3-highgpu-8g 208 1872 8",
    "nvidia-h200-141gb": "a3-ultragpu-8g 224 2952 8",
}
"""Types, cores, GiB and GPUs by their kind."""
ACCELERATORS = {
    "nvidia-t4": "NVIDIA_TESLA_T4",
    "nvidia-v100": "NVIDIA_TESLA_V100",
    "nvidia-l4": "NVIDIA_L4",
    "nvidia-a100-40gb": "NVIDIA_TESLA_A100",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB",
    "nvidia-h100-80gb": "NVIDIA_H100_80GB",
    "nvidia-h200-141gb": "NVIDIA_H200_141GB",
}
"""What Google calls each kind."""
GIGABYTES = {
    "nvidia-t4": 16,
    "nvidia-v100": 16,
    "nvidia-l4": 24,
    "nvidia-a100-40gb": 40,
    "nvidia-a100-80gb": 80,
    "nvidia-h100-80gb": 80,
    "nvidia-h200-141gb": 141,
}
"""Memory of each kind: https://cloud.google.com/compute/docs/gpus"""

QUOTA = "aiplatform.googleapis.com/custom_model_serving_"
QUOTAS = {
    "nvidia-a100-40gb": "nvidia_a100",
    "nvidia-h100-80gb": "nvidia_h100",
    "nvidia-h200-141gb": "nvidia_h200",
}
"""How quotas call kinds that they do not call as we do: https://cloud.google.com/vertex-ai/docs/quotas"""


def machines() -> Iterator[Machine]:
    """Every machine type."""
    for family, (share, sizes) in FAMILIES.items():
        for cores in map(int, sizes.split()):
            size = float(cores), Memory.parse(f"{share * cores}Gi")
            yield Machine(f"{family}-{cores}", *size, quota=_cores(family))
    for kind, types in GPUS.items():
        for name, cpu, memory, gpus in (each.split() for each in types.split(", ")):
            quota = f"{QUOTA}{QUOTAS.get(kind, kind.replace('-', '_'))}_gpus"
            yield Machine(name, float(cpu), Memory.parse(f"{memory}Gi"), kind, int(gpus), quota=quota)


def _cores(family: str) -> str:
    """The quota that cores count against, of the families that came later one of their own."""
    generation = family.partition("-")[0]
    return f"{QUOTA}cpus" if generation == "e2" else f"{QUOTA}{generation}_cpus"


MACHINES = tuple(machines())
