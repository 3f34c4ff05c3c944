"""Version ranges such as ``>=3.5.0 !3.7.7 || 4.x``: what programs and projects demand of their engine."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne

from modelport_engine.errors import EngineError

Version = tuple[int, int, int]
COMPARISONS: dict[str, Callable[[Version, Version], bool]] = {
    "": eq, "=": eq, "==": eq, "!": ne, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le,
}  # fmt: skip
CONDITION = re.compile(r"([<>=!]*)\s*v?(\d+)(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?")


class VersionError(EngineError):
    """The engine is not of a version that is demanded, or the demand cannot be read."""


def require(demanded: str, version: str) -> None:
    """Raise VersionError unless a version (``v3.260.0``) is in a range, alternatives joined by ``||``."""
    if not any(_all(part, _parsed(version), demanded) for part in demanded.split("||")):
        raise VersionError(
            f'Pulumi CLI version {version.removeprefix("v")} does not satisfy the version range "{demanded}"'
        )


def _all(conditions: str, version: Version, demanded: str) -> bool:
    found = list(CONDITION.finditer(conditions))
    if not found or CONDITION.sub("", conditions).strip() or any(each[1] not in COMPARISONS for each in found):
        raise VersionError(f'cannot read the version range "{demanded}"; an example of one is ">=3.5.0 <4.0.0"')
    return all(_holds(each, version) for each in found)


def _holds(condition: re.Match[str], version: Version) -> bool:
    """Whether one condition holds; where it leaves parts open, it is about the whole range of them."""
    given = [int(part) for part in condition.groups()[1:] if part and part.isdigit()]
    open_parts = 3 - len(given)
    low = _parsed(".".join(map(str, given)))
    if not open_parts:
        return COMPARISONS[condition[1]](version, low)
    high = _parsed(".".join(map(str, [*given[:-1], given[-1] + 1])))
    inside = low <= version < high
    match condition[1]:
        case "" | "=" | "==":
            return inside
        case "!" | "!=":
            return not inside
        case ">":
            return version >= high
        case "<=":
            return version < high
    return COMPARISONS[condition[1]](version, low)


def _parsed(text: str) -> Version:
    numbers = [int(part) for part in re.findall(r"\d+", text)[:3]]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return major, minor, patch
