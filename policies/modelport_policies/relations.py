"""How resources of any cloud refer to each other, and what they are tagged with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    others = owner.stack.by(type_of).get(type_, ())
    yield from (each for each in others if is_of(each, key, owner))
    for each in others:
        if not each.dependencies.get(key):
            names(each, key)


def owners(resource: Resource, key: str, type_: str) -> Iterator[Resource]:
    """The stack's resources of a type that a property is."""
    return (each for each in resource.stack.by(type_of).get(type_, ()) if is_of(resource, key, each))


def is_of(resource: Resource, key: str, owner: Resource) -> bool:
    """Whether a property comes from the owner, or names it; before a run, only the former is known."""
    if owner.urn in resource.dependencies.get(key, ()):
        return True
    given = known(resource, key)
    own = {name for each in NAMES for name in known(owner, each)} - {""}
    return not own.isdisjoint(given) or any(is_in_azure(each, owner) for each in given)


def is_in_azure(given: str, owner: Resource) -> bool:
    """Whether text is the name of a resource of Azure, or its id, or the id of something in it."""
    if not (pattern := azure.IDS.get(owner.type)):
        return False
    own = {key: "".join(known(owner, key)) for _, key, _, _ in Formatter().parse(pattern) if key}
    return all(own.values()) and (
        [given] == list(own.values()) or f"/{pattern.format(**own)}/".lower() in f"/{given}/".lower()
    )


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
