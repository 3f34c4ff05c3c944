"""The reference page of the controls, made from the controls."""

from __future__ import annotations

import json
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
modelport policies check --state export.json --json     # a deployment export of any project, offline
modelport policies check --stack prod                   # what a program wants: no state, cloud or passphrase
```

A control has one id on every target. On a resource it is *evaluated*, *not applicable* (with the reason), or
*undecided* where a value is not known before the run; each is counted. Secrets are judged like any other value; the
messages of `check` never have them. What is only asked to be there, such as a key, counts as there before it is
known; what belongs to a bucket or a key is found by the reference to it.

**Profiles** set the level of each control: `baseline`, `standard` (the default) and `regulated`. Choose one with
`MODELPORT_POLICY_PROFILE` or `pulumi config set modelport-policies:profile regulated`. A single level is changed with
Pulumi's own `--policy-pack-config`: `{"NET-14": "advisory"}`.

**Parameters** of a control, where it has some, are the stack's config `modelport-policies:parameters`
(`pulumi config set --path 'modelport-policies:parameters.SUP-02.registries[0]' registry.example.com`), or go into that
file: `{"SUP-02": {"registries": ["registry.example.com"]}}`. `check --parameters FILE` takes the like. The options of
`check --stack` go over the config of the stack.

**Production** is what no label or annotation `environment` calls `dev` or `test`.

**Exemptions** live in `policies/exemptions.yaml` (elsewhere: `MODELPORT_POLICY_EXEMPTIONS`):

```
- id: phones                                         # optional
  rules: [NET-01]
  match: {type: modelport:local:Server, name: digits*, stack: dev}
  owner: team-vision@example.com
  reason: the lab's test phones reach the server over the wireless network
  ticket: OPS-4711
  created: 2026-10-01
  expires: 2026-12-31                                # the last day, at most 366 days after created
  compensatingControl: the network has no way out    # optional
```

`match` has at least one of `urn`, `type`, `name` and `stack`, each a glob or a list of globs; all that are there must
match. An exempt finding stays in the report as such. An entry that is wrong or has expired exempts nothing, and GOV-12
stops the update with its line. One that ends within 14 days, or that nothing needs any more, is reported as advice by
GOV-12-notice. GOV-12 itself has no exemptions.

A stack that was there before the policies starts with a **baseline**: `modelport policies baseline --state export.json
--owner team-vision@example.com --ticket OPS-4711` (or `--stack`) adds what is found today to the exemptions, by control
and exact URNs, for 90 days. What is new is found as ever.

**A new control** is a `Control` in its family's module under `policies/modelport_policies/controls`: an id, a level per
profile, and for each resource type a function that yields a message per violation and whose docstring says which input
it reads. Its examples, at least one good, one bad and one unknown input per type, go to
`tests/policies/fixtures/<id>.yaml`: changes of the resources in `tests/policies/hardened.yaml` and its like for each
cloud, in which the whole pack finds that control and no other. The suite fails without them.
`scripts/generate.py` renews this page.
"""


def page() -> str:
    """The page as Markdown: how to use the pack, the table of levels, and a section per control."""
    controls = catalogue()
    return "\n".join([INTRO, *overview(controls), *(line for control in controls for line in section(control))]) + "\n"


def overview(controls: tuple[Control, ...]) -> Iterator[str]:
    """The table of levels."""
    yield "| control | severity | judges | targets | baseline | standard | regulated |"
    yield "|---|---|---|---|---|---|---|"
    for control in controls:
        levels = " | ".join(control.levels)
        title = f"[{control.id}](#{control.id.lower()}) {control.title}"
        yield f"| {title} | {control.severity} | {control.scope} | {', '.join(control.targets)} | {levels} |"


def section(control: Control) -> Iterator[str]:
    """What one control reads, how to comply, which requirements it serves."""
    yield from ("", f"## {control.id}", "", f"{control.title}.", "")
    rules: dict[str, list[str]] = {}
    for type_, check in control.checks.items():
        rules.setdefault(" ".join((check.__doc__ or "").split()), []).append(f"`{type_}`")
    for rule, types in rules.items():
        yield f"- {', '.join(types)}: {rule}"
    for name, schema in control.parameters.items():
        yield f"- Parameter `{name}`: {schema['description']} Default: `{json.dumps(schema['default'])}`."
    yield from ("", f"**Do:** {control.remediation}", "", f"**Serves:** {', '.join(control.frameworks)}")
