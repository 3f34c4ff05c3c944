"""The profiles as Pulumi reads them: what `--policy-pack-config` is given."""

from __future__ import annotations

import json

from modelport_policies.control import Level, Profile
from modelport_policies.controls import catalogue
from modelport_policies.register import NOTICE


def levels(profile: Profile) -> dict[str, Level]:
    """The level of every policy of the pack."""
    named = {name: each for control in catalogue() for name, each in control.policies.items()}
    return {**{name: getattr(each, profile) for name, each in named.items()}, NOTICE: "advisory"}


def pack_config(profile: Profile) -> str:
    """The levels as a file: one that is copied can be changed line by line."""
    return json.dumps(levels(profile), indent=2) + "\n"
