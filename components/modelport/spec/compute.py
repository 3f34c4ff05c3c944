from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .mig import no_such_slice
from .quantity import Between, Memory
from .scalars import Form, Number, Text
from .section import Section, broken_rule

MIG = "mig-"
AcceleratorKind = Literal[
    "nvidia-t4",
    "nvidia-l4",
    "nvidia-a10",
    "nvidia-a10g",
    "nvidia-l40s",
    "nvidia-v100",
    "nvidia-a100-40gb",
    "nvidia-a100-80gb",
    "nvidia-h100-80gb",
    "nvidia-h200-141gb",
]


class Accelerator(Section):
    """The GPUs of one instance."""

    kind: AcceleratorKind
    """Product, with its memory where it comes in several sizes."""

    count: Annotated[int, Field(strict=True, ge=1, le=16)] = 1
    """GPUs (or slices of one, see `sharing`) per instance."""

    sharing: Annotated[
        str, Form(r"(none|time-slicing|mig-[1-7]g\.[0-9]{1,3}gb)", "none, time-slicing or mig-1g.18gb")
    ] = "none"
    """Whether instances share a GPU: `none`, `time-slicing`, or a hardware slice like `mig-1g.18gb`."""

    @model_validator(mode="after")
    def _the_kind_has_the_slice(self) -> Self:
        profile = self.sharing.removeprefix(MIG)
        if profile != self.sharing and (wrong := no_such_slice(self.kind, profile)):
            raise broken_rule(wrong, "sharing", "kind")
        return self


class Compute(Section):
    """What one instance gets."""

    cpu: Annotated[Number, Field(gt=0, le=192)] = 1
    """CPU cores, like 2 or 0.5."""

    memory: Annotated[Memory, Between("64Mi", "4Ti")] = Memory.parse("2Gi")
    """Memory, like 512Mi or 2Gi."""

    accelerator: Accelerator | None = None
    """GPUs; without it, the model runs on the CPU."""

    machine: Text | None = None
    """Machine type of the platform that an instance runs on, like ml.g5.2xlarge; without it, the smallest that has the
    rest. Platforms have names of their own: it belongs in the stack's `modelport:overrides`."""
