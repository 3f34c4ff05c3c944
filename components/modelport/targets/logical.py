"""Names of components, of which Pulumi makes those of resources that are given none."""

from __future__ import annotations

import re

from modelport.plan import Refusal, Refused
from modelport.plan.refusal import REFUSED

OWN_CHARACTERS = 8
"""That Pulumi makes up, with the dash before them."""


def check_logical_name(name: str, target: str, characters: re.Pattern[str], words: str, longest_end: str) -> None:
    """Refuse the name of a component of which the platform takes no names of 63 characters at most.

    Args:
        characters, words: what such a name consists of.
        longest_end: of the logical names of resources whose names Pulumi makes.
    """
    over = len(name) + len(longest_end) + OWN_CHARACTERS - 63
    if over > 0 or not characters.fullmatch(name):
        reason = f"names of its resources begin with {name}, and have at most 63 {words}"
        remedy = f"Take a name that is {over} shorter." if over > 0 else "Take a name of such characters."
        raise Refused([Refusal(REFUSED, "metadata.name", target, reason, remedy, value=name)])
