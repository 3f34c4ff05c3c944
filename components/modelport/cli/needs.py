"""What the pods of a stack take from registries and stores, which a cluster without the internet has to have near."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Object = Mapping[str, Any]

IMAGE, BUNDLE = "modelport:artifact:Image", "modelport:artifact:Bundle"
SOURCE, DIGEST = "MODELPORT_MODEL", "MODELPORT_DIGEST"


@dataclass(frozen=True)
class Need:
    """An image or a bundle.

    Attributes:
        place: from where it is taken.
        digest: what it must be; None of an image that is not pinned.
        origin: from where modelport brings it there; None where it has to be there.
        users: the objects whose pods need it.
    """

    place: str
    digest: str | None
    origin: str | None
    users: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As `--json` shows it."""
        return asdict(self)


Artifacts = Sequence[tuple[str, Mapping[str, Any]]]


def images(objects: Iterable[Object], artifacts: Artifacts) -> list[Need]:
    """The images that nodes pull, also those that are mounted as volumes."""
    found = ((reference, user) for user, spec in _pods(objects) for reference in _references(spec))
    origins = {given.get("reference"): given["source"] for kind, given in artifacts if kind == IMAGE}
    return [
        Need(place, place.partition("@")[2] or None, origins.get(place), users)
        for place, users in _by_place(found).items()
    ]


def bundles(objects: Sequence[Object], artifacts: Artifacts) -> list[Need]:
    """The models that pods fetch, or have on a volume claim."""
    digests: dict[str, str] = {}
    found = []
    for user, spec in _pods(objects):
        for place, digest in _models(spec, user, _settings(objects)):
            digests[place] = digest
            found.append((place, user))
    origins = {given.get("uri"): given["bundle"] for kind, given in artifacts if kind == BUNDLE}
    return [Need(place, digests[place], origins.get(place), users) for place, users in _by_place(found).items()]


def _by_place(found: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    users: dict[str, list[str]] = {}
    for place, user in sorted(set(found)):
        users.setdefault(place, []).append(user)
    return {place: tuple(of_place) for place, of_place in users.items()}


def _pods(objects: Iterable[Object]) -> Iterator[tuple[str, Object]]:
    """The specs of pods in objects of whatever kind, each with the object's name."""
    for each in objects:
        name = "/".join(filter(None, (each["metadata"].get("namespace"), each["metadata"]["name"])))
        yield from ((f"{each['kind']} {name}", spec) for spec in _specs(each))


def _specs(value: Any) -> Iterator[Object]:
    if isinstance(value, dict):
        if isinstance(value.get("containers"), list):
            yield value
        else:
            for item in value.values():
                yield from _specs(item)


def _references(spec: Object) -> Iterator[str]:
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        if "image" in container:
            yield container["image"]
    for volume in spec.get("volumes", ()):
        if "image" in volume:
            yield volume["image"]["reference"]


def _settings(objects: Iterable[Object]) -> dict[tuple[str, str], Object]:
    """What config maps say, by namespace and name."""
    maps = (each for each in objects if each["kind"] == "ConfigMap")
    return {(each["metadata"].get("namespace"), each["metadata"]["name"]): each.get("data", {}) for each in maps}


def _models(spec: Object, user: str, settings: Mapping[tuple[str, str], Object]) -> Iterator[tuple[str, str]]:
    """Place and digest of each bundle that a pod fetches, or that lies on its claim."""
    for container in spec.get("initContainers", ()):
        env = {each["name"]: each.get("value", "") for each in container.get("env", ())}
        if SOURCE in env and DIGEST in env:
            yield env[SOURCE], env[DIGEST]
    claims = [each["persistentVolumeClaim"]["claimName"] for each in spec.get("volumes", ()) if _is_model(each)]
    namespace = user.partition(" ")[2].rpartition("/")[0]
    for claim in claims:
        for container in spec["containers"]:
            for each in container.get("envFrom", ()):
                said = settings.get((namespace, each.get("configMapRef", {}).get("name")), {})
                if DIGEST in said:
                    yield f"pvc://{namespace}/{claim}/{said[DIGEST].removeprefix('sha256:')}", said[DIGEST]


def _is_model(volume: Object) -> bool:
    return volume["name"] == "model" and "persistentVolumeClaim" in volume
