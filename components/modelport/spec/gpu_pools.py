from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from .compute import AcceleratorKind
from .mig import no_such_slice, too_many
from .scalars import Count, Flag, Form, ImageReference, Text, distinct
from .section import Section, broken_rule

PoolName = Annotated[
    str,
    StringConstraints(max_length=32),
    Form(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "up to 32 lower-case letters, digits and single dashes, a letter first"),
]
NodeName = Annotated[
    str,
    StringConstraints(max_length=253),
    Form(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "a node's name: lower-case letters, digits, dashes and dots"),
]
Nodes = Annotated[tuple[NodeName, ...], AfterValidator(distinct)]
Slice = Annotated[str, Form(r"[1-7]g\.[0-9]{1,3}gb", "a profile like 1g.18gb")]
PinnedImage = Annotated[
    ImageReference, Form(r".+@sha256:[0-9a-f]{64}", "an image by digest, like HOST/REPOSITORY@sha256:...")
]


class GpuPool(Section):
    """Nodes that exist and have the same GPUs, shared in the same way."""

    name: PoolName
    """Name of the pool."""

    kind: AcceleratorKind
    """What its GPUs are."""

    nodes: Nodes = ()
    """Names of its nodes. They get the label `modelport/pool`, and nothing else of them changes but by `taint`."""

    selector: dict[Text, Text] = Field(default_factory=dict)
    """Labels that its nodes have, in place of names. Nothing of the nodes is changed."""

    gpus_per_node: Count
    """GPUs that each of its nodes has."""

    sharing: Literal["none", "time-slicing", "mig"] = "none"
    """How its GPUs are shared: each belongs to one instance, or all take turns, or they are cut into slices."""

    replicas: Annotated[int, Field(strict=True, ge=2, le=64)] | None = None
    """Instances that take turns on one GPU, with sharing time-slicing."""

    slices: dict[Slice, Count] = Field(default_factory=dict)
    """Slices that each GPU is cut into, by profile, with sharing mig: {1g.18gb: 7}."""

    quota: Count | None = None
    """Most of its GPUs, shares or slices that one service may hold, during an update too."""

    taint: Flag = False
    """Whether its nodes are tainted, so that only pods that tolerate nvidia.com/gpu run there."""

    tolerate: tuple[Text, ...] = ()
    """Keys of other taints that its nodes have."""

    resource: Text | None = None
    """Name that the cluster has for one of its GPUs, shares or slices, where the existing device plugin does not call
    it nvidia.com/gpu, nvidia.com/gpu.shared or nvidia.com/mig-PROFILE."""

    @model_validator(mode="after")
    def _nodes_one_way(self) -> Self:
        if bool(self.nodes) == bool(self.selector):
            raise broken_rule("name the nodes or the labels that they have, one of the two", "nodes", "selector")
        if self.taint and not self.nodes:
            raise broken_rule("nodes that a selector finds are not changed; name them in nodes", "taint", "nodes")
        return self

    @model_validator(mode="after")
    def _what_sharing_needs(self) -> Self:
        if (self.sharing == "time-slicing") != (self.replicas is not None):
            raise broken_rule("goes with sharing: time-slicing, and must be there", "replicas", "sharing")
        if (self.sharing == "mig") != bool(self.slices):
            raise broken_rule("goes with sharing: mig, and must be there", "slices", "sharing")
        if self.resource and len(self.slices) > 1:
            raise broken_rule("slices of several profiles cannot have one name", "resource", "slices")
        return self

    @model_validator(mode="after")
    def _gpus_can_be_cut_so(self) -> Self:
        wrong = next(filter(None, (no_such_slice(self.kind, each) for each in self.slices)), "")
        if wrong or (wrong := too_many(self.kind, self.slices)):
            raise broken_rule(wrong, "slices", "kind")
        return self


class GpuPools(Section):
    """The cluster's GPUs, and what makes them known to it."""

    pools: tuple[GpuPool, ...] = ()
    """Pools, in the order in which services fill them."""

    device_plugin: PinnedImage | None = None
    """NVIDIA's device plugin, to be installed on the pools' nodes; without it, the one that the cluster has."""

    exporter: PinnedImage | None = None
    """NVIDIA's dcgm-exporter, to be installed on the pools' nodes; without it, the one that the cluster has."""

    namespace: Text | None = None
    """Namespace for both, which admits privileged pods; `existing.pullSecret` has to be there, too. Without it, one is
    made."""

    runtime_class: Text | None = None
    """Runtime class of pods that use GPUs, where the nodes' usual runtime does not give them any."""

    @model_validator(mode="after")
    def _pools_are_apart(self) -> Self:
        for index, pool in enumerate(self.pools):
            for before in self.pools[:index]:
                if pool.name == before.name:
                    raise broken_rule("another pool has this name", f"pools.{index}.name")
                if both := sorted({*pool.nodes} & {*before.nodes}):
                    raise broken_rule(f"{both[0]} is in the pool {before.name} already", f"pools.{index}.nodes")
        return self

    @model_validator(mode="after")
    def _our_plugin_has_names_of_its_own(self) -> Self:
        for index, pool in enumerate(self.pools):
            if pool.resource and self.device_plugin:
                reason = "the device plugin that is installed calls them by NVIDIA's names"
                raise broken_rule(reason, f"pools.{index}.resource", "devicePlugin")
        return self
