"""SUP: what runs is exactly what was reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from modelport_policies.control import Control, Levels
from modelport_policies.kubernetes import WORKLOADS, containers
from modelport_policies.resource import Resource, at

FRAMEWORKS = ("NIST SR-4", "NIST SI-7", "NIST CM-14", "ISO27001 A.5.21", "SOC2 CC8.1", "EU AI Act 15(5)", "SLSA")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def images_are_pinned(workload: Resource) -> Iterable[str]:
    """`image` of every container ends in `@sha256:` and 64 hex digits."""
    for name, container in containers(workload):
        image = str(at(container, "image") or "")
        if not DIGEST.fullmatch(image.rpartition("@")[2] if "@" in image else ""):
            yield f"container {name} runs {image or 'no image'}, which is not pinned by digest"


def model_is_pinned(server: Resource) -> Iterable[str]:
    """`digest` is `sha256:` and 64 hex digits."""
    digest = server.at("digest")
    if not DIGEST.fullmatch(str(digest or "")):
        yield f"digest is {digest!r}, which does not pin the model's content"


CONTROLS = (
    Control(
        id="SUP-01",
        title="The serving image is pinned by digest",
        severity="high",
        levels=Levels("advisory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Write the image as repository@sha256:..., not as a tag, which may name another image tomorrow.",
        checks=dict.fromkeys(WORKLOADS, images_are_pinned),
    ),
    Control(
        id="SUP-07",
        title="The model is an immutable artifact with a sha256",
        severity="high",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Give the digest of the bundle (`modelport bundle build` prints it).",
        checks={"modelport:local:Server": model_is_pinned},
    ),
)
