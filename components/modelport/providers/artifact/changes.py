from modelport.providers.crud import Changes, Values


def changes(old: Values, new: Values, *, replacing: tuple[str, ...], other: tuple[str, ...]) -> Changes:
    """Which inputs differ, of those that make another artefact and of those that do not."""
    replaced = tuple(name for name in replacing if old.get(name) != new.get(name))
    return Changes((*replaced, *(name for name in other if old.get(name) != new.get(name))), replaced)
