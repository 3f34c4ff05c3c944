"""How resources of any cloud refer to each other, and what they are tagged with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Any

from modelport_policies import azure
from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import plain
from modelport_policies.resource import Resource, UnknownValueError, items, mapping, several, type_of

NAMES = ("id", "arn", "name", "bucket", "keyId")
"""Properties by which others name a resource."""


def belonging(owner: Resource, type_: str, key: str) -> Iterator[Resource]:
    """The stack's resources of a type whose property is the owner. Ends with an error where one's may be, but is not
    known yet.
    """
    others, is_name = owner.stack.by(type_of).get(type_, ()), naming(owner)
    yield from (each for each in others if comes_from(each, key, owner) or any(map(is_name, known(each, key))))
    for each in others:
        if not each.dependencies.get(key):
            names(each, key)


def owners(resource: Resource, key: str, type_: str) -> Iterator[Resource]:
    """The stack's resources of a type that a property is."""
    others, given = resource.stack.by(type_of).get(type_, ()), known(resource, key)
    return (each for each in others if comes_from(resource, key, each) or any(map(naming(each), given)))


def is_of(resource: Resource, key: str, owner: Resource) -> bool:
    """Whether a property comes from the owner, or names it; before a run, only the former is known."""
    return comes_from(resource, key, owner) or any(map(naming(owner), known(resource, key)))


def comes_from(resource: Resource, key: str, owner: Resource) -> bool:
    """Whether a property is made from the owner."""
    return owner.urn in resource.dependencies.get(key, ())


def naming(owner: Resource) -> Callable[[str], bool]:
    """What tells whether text is a name of a resource, or in Azure its id or the id of something in it."""
    own = {name for each in NAMES for name in known(owner, each)} - {""}
    pattern = azure.IDS.get(owner.type, "")
    parts = {key: "".join(known(owner, key)) for _, key, _, _ in Formatter().parse(pattern) if key}
    if not parts or not all(parts.values()):
        return own.__contains__
    if len(parts) == 1:
        own |= {*parts.values()}
    id_ = f"/{pattern.format(**parts)}/".lower()
    return lambda given: given in own or id_ in f"/{given}/".lower()


def known(resource: Resource, key: str) -> list[str]:
    """The names that a property has, none where they are not known yet."""
    try:
        return names(resource, key)
    except UnknownValueError:
        return []


def names(resource: Resource, key: str) -> list[str]:
    """The names that a property has, be it one or a list of them, or somewhere in a structure."""
    return list(leaves(resource.at(key)))


def leaves(value: Any) -> Iterator[str]:
    """The texts in a value."""
    for each in several(value):
        if isinstance(each, str):
            yield each
        else:
            within = [each[key] for key in each] if isinstance(each, Mapping) else items(each)
            yield from (text_ for one in within for text_ in leaves(one))


def in_use(resource: Resource, *but: str) -> set[str]:
    """The URNs that the stack's resources but those of some types come from; none where the stack does not say."""
    users = (each for each in resource.stack if each.type not in but)
    return {urn for each in users for urns in each.dependencies.values() for urn in urns}


def tag(resource: Resource, name: str) -> Any:
    """The value of the tag or label of this plain name, None without one."""
    for kind in ("tags", "labels", "userLabels"):
        values = mapping(resource.at(kind))
        for key in values:
            if plain(key) == name:
                return values[key]
    return None


def is_declared_public(resource: Resource) -> bool:
    """Whether a tag or label `exposure` is `public`."""
    return bool(tag(resource, "exposure") == "public")


def in_production(resource: Resource) -> None:
    """Return where no tag or label `environment` says that it is dev or test.

    Raises:
        NotApplicable: one does.
    """
    if (environment := tag(resource, "environment")) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")
