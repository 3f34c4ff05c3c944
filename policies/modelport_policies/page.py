"""The reference page of the controls, made from the controls."""

from __future__ import annotations

from collections.abc import Iterator

from modelport_policies.control import Control
from modelport_policies.controls import catalogue

INTRO = """\
# Policies

<!-- Made from policies/modelport_policies by scripts/generate.py. -->

An ordinary Pulumi policy pack, useful with and without modelport's components:

```
pulumi up --policy-pack policies                        # in this repository
pulumi up --policy-pack $(modelport policies path)      # where modelport is installed
modelport policies check --state export.json --json     # a deployment export, offline
```

A control has one id on every target. On a resource it is *evaluated*, *not applicable* (with the reason), or
*undecided* where a value is not known before the run; each is counted. Secrets are judged like any other value.

**Profiles** set the level of each control: `baseline`, `standard` (the default) and `regulated`. Choose one with
`MODELPORT_POLICY_PROFILE` or `pulumi config set modelport-policies:profile regulated`. A single level is changed with
Pulumi's own `--policy-pack-config`: `{"NET-14": "advisory"}`.

**Exemptions** live in `policies/exemptions.yaml` (elsewhere: `MODELPORT_POLICY_EXEMPTIONS`):

```
- control: NET-01
  urn: urn:pulumi:dev::*::modelport:local:Server::digits*      # a glob
  owner: team-vision@example.com
  reason: the lab's test phones reach the server over the wireless network
  expires: 2026-12-31                                          # the last day, at most a year away
```

An exempt finding stays in the report as such. An entry that is wrong or has expired exempts nothing and is reported by
GOV-12 with its line.

**A new control** is a `Control` in its family's module under `policies/modelport_policies/controls`: an id, a level per
profile, and for each resource type a function that yields a message per violation and whose docstring says which input
it reads. Its examples, at least one good and one bad input per type, go to `tests/policies/fixtures/<id>.yaml`; the
suite fails without them. `scripts/generate.py` renews this page.
"""


def page() -> str:
    """The page as Markdown: how to use the pack, the table of levels, and a section per control."""
    controls = catalogue()
    return "\n".join([INTRO, *overview(controls), *(line for control in controls for line in section(control))]) + "\n"


def overview(controls: tuple[Control, ...]) -> Iterator[str]:
    """The table of levels."""
    yield "| control | severity | judges | baseline | standard | regulated |"
    yield "|---|---|---|---|---|---|"
    for control in controls:
        levels = " | ".join(control.levels)
        title = f"[{control.id}](#{control.id.lower()}) {control.title}"
        yield f"| {title} | {control.severity} | {control.scope} | {levels} |"


def section(control: Control) -> Iterator[str]:
    """What one control reads, how to comply, which requirements it serves."""
    yield from ("", f"## {control.id}", "", f"{control.title}.", "")
    rules: dict[str, list[str]] = {}
    for type_, check in control.checks.items():
        rules.setdefault(check.__doc__ or "", []).append(f"`{type_}`")
    for rule, types in rules.items():
        yield f"- {', '.join(types)}: {rule}"
    yield from ("", f"**Do:** {control.remediation}", "", f"**Serves:** {', '.join(control.frameworks)}")
