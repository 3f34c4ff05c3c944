"""The reference page of the controls, made from the controls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

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
*undecided* where a value is not known before the run; each is counted. Secrets are judged like any other value. What is
only asked to be there, such as a key, counts as there before it is known; what belongs to a bucket or a key is found by
the reference to it.

**Profiles** set the level of each control: `baseline`, `standard` (the default) and `regulated`. Choose one with
`MODELPORT_POLICY_PROFILE`, `pulumi config set modelport-policies:profile regulated`, or Pulumi's own
`--policy-pack-config policies/profiles/regulated.json` (`$(modelport policies path)/profiles` where modelport is
installed), a file of which a copy can be changed line by line. A single level is `{"NET-14": "advisory"}`.

**Rewriting**: at the level `remediate` a control fills in what a resource does not say, before it is judged, and the
preview shows what. What is said otherwise stays, and is a mandatory violation; so does what is not known yet, and what
is exempt. Two controls have a policy of its own for that, which a pack config names: `NET-07-rewrite`, as a policy over
the stack cannot rewrite, and `COST-04-rewrite`, as without its parameter a lack of tags stops no update. A state is
judged as it is: there the level is mandatory.

**High risk**: where `governance.riskClass` of a service, or a tag `riskClass` of an endpoint, is `high`, GOV-05 makes
findings of LOG-01, GOV-01, GOV-07 and GOV-08 mandatory. On endpoints its policy is called `GOV-05-stack`.

**Parameters** of a control, where it has some, are the stack's config `modelport-policies:parameters`
(`pulumi config set --path 'modelport-policies:parameters.SUP-02.registries[0]' registry.example.com`), or go into that
file: `{"SUP-02": {"registries": ["registry.example.com"]}}`. Offline, `--parameters FILE` takes the like.

**Production** is what no label or annotation `environment` calls `dev` or `test`.

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
    yield from rules(control.checks)
    if control.rewrites:
        yield from ("", f"**Rewrites**, as `{control.rewriter or control.id}`, where nothing is said:", "")
        yield from rules(control.rewrites)
    for name, schema in control.parameters.items():
        yield f"- Parameter `{name}`: {schema['description']} Default: `{json.dumps(schema['default'])}`."
    yield from ("", f"**Do:** {control.remediation}", "", f"**Serves:** {', '.join(control.frameworks)}")


def rules(functions: Mapping[str, Callable[..., object]]) -> Iterator[str]:
    """What is done to the types of resources, a line for those with the same."""
    types: dict[str, list[str]] = {}
    for type_, does in functions.items():
        types.setdefault(" ".join((does.__doc__ or "").split()), []).append(f"`{type_}`")
    yield from (f"- {', '.join(names)}: {rule}" for rule, names in types.items())
