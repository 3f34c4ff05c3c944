"""The reference pages of the controls, made from the controls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from modelport_policies.control import Control
from modelport_policies.controls import catalogue
from modelport_policies.controls.governance import OF_EXEMPTIONS

NOTE = "<!-- Made from policies/modelport_policies by scripts/generate.py. -->"
INTRO = f"""\
# Policies

{NOTE}

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
`MODELPORT_POLICY_PROFILE`, `pulumi config set modelport-policies:profile regulated`, or Pulumi's own
`--policy-pack-config policies/profiles/regulated.json` (`$(modelport policies path)/profiles` where modelport is
installed), a file of which a copy can be changed line by line. A single level is `{{"NET-14": "advisory"}}`.

**Parameters** of a control, where it has some, are the stack's config `modelport-policies:parameters`
(`pulumi config set --path 'modelport-policies:parameters.SUP-02.registries[0]' registry.example.com`), or go into that
file: `{{"SUP-02": {{"registries": ["registry.example.com"]}}}}`. `check --parameters FILE` takes the like. The options
of `check --stack` go over the config of the stack.

**Rewriting**: at the level `remediate` a control fills in what a resource does not say, before it is judged, and the
preview shows what. What is said otherwise stays, and is a mandatory violation. What is not known yet and what is exempt
stays, too. Two controls have a policy of its own for that, which a pack config names: `NET-07-rewrite`, as a policy
over the stack cannot rewrite, and `COST-04-rewrite`, as a lack of tags alone stops no update in `standard`. A state is
judged as it is: there the level is mandatory.

**High risk**: where `governance.riskClass` of a service, or a tag `riskClass` of an endpoint, is `high`, GOV-05 makes
findings of LOG-01, GOV-01, GOV-07 and GOV-08 mandatory. On endpoints its policy is called `GOV-05-stack`.

**Production** is what no label or annotation `environment` calls `dev` or `test`.

**Exemptions** live in `policies/exemptions.yaml` (elsewhere: `MODELPORT_POLICY_EXEMPTIONS`):

```
- id: phones                                         # optional
  rules: [NET-01]
  match: {{type: modelport:local:Server, name: digits*, stack: dev}}
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

**A rule of one's own** is a `Control`, too, in `policies/rules.py` of a project (elsewhere: `MODELPORT_POLICY_RULES`).
Profiles, parameters, exemptions and reports take it like any other. `modelport policies new ACME-01` writes one to
begin with, and its tests. They say with `modelport_policies.testing` what a control is shown:

```
judged(TEAM, Given("kubernetes:apps/v1:Deployment", {{"metadata": {{"labels": {{"team": UNKNOWN}}}}}})).undecided
```

**Reports** of `modelport policies check` are `--sarif` for code scanning, `--junit` for CI systems that show tests,
`--markdown` for the summary of a run, and `--evidence` for auditors: from framework and requirement to each control,
resource and result ([schema](../policies/modelport_policies/reports/evidence.schema.json)). What is exempted is in each
as suppressed.

**A new control** is a `Control` in its family's module under `policies/modelport_policies/controls`: an id, a level per
profile, and for each resource type a function that yields a message per violation and whose docstring says which input
it reads. Its examples, at least one good, one bad and one unknown input per type, go to
`tests/policies/fixtures/<id>.yaml`: changes of the resources in `tests/policies/hardened.yaml` and its like for each
cloud, in which the whole pack finds that control and no other. The suite fails without them.
`scripts/generate.py` renews this page and the controls' own.
"""


EXEMPTION = """\
In `policies/exemptions.yaml` ([how](../policies.md)):

```
- rules: [{id}]
  match: {{name: NAME, stack: STACK}}
  owner: team@example.com
  reason: why it is acceptable
  ticket: OPS-1
  created: YYYY-MM-DD
  expires: YYYY-MM-DD
```"""


NO_EXEMPTION = "It has none, unlike [the others](../policies.md): nobody would see what is wrong with those."


def page() -> str:
    """The entry as Markdown: how to use the pack, and the table of levels, which leads to the pages."""
    return "\n".join([INTRO, *overview(catalogue())]) + "\n"


def overview(controls: tuple[Control, ...]) -> Iterator[str]:
    """The table of levels."""
    yield "| control | severity | judges | targets | baseline | standard | regulated |"
    yield "|---|---|---|---|---|---|---|"
    for control in controls:
        title = f"[{control.id}](policies/{control.id}.md) {control.title}"
        said = f"{control.severity} | {control.scope} | {', '.join(control.targets)}"
        yield f"| {title} | {said} | {' | '.join(control.levels)} |"


def control_page(control: Control) -> str:
    """The page of one control as Markdown."""
    lines = [
        f"# {control.id}: {control.title}",
        "",
        NOTE,
        "",
        f"Severity: {control.severity}. Targets: {', '.join(control.targets)}. Judged: {judged(control)}.",
        "",
        "| policy | baseline | standard | regulated |",
        "|---|---|---|---|",
        *(f"| `{name}` | {' | '.join(levels)} |" for name, levels in control.policies.items()),
        *section(control),
        "",
        "## Exempting",
        "",
        NO_EXEMPTION if control.id == OF_EXEMPTIONS else EXEMPTION.format(id=control.id),
    ]
    return "\n".join(lines) + "\n"


def judged(control: Control) -> str:
    """What a control sees when it judges a resource."""
    if control.scope == "stack":
        return "in the light of the whole stack"
    return "each resource by itself" + (f", as `{control.surveyor}` in the whole stack" if control.surveyor else "")


def section(control: Control) -> Iterator[str]:
    """What one control reads, what it rewrites, how to comply, which requirements it serves."""
    yield from ("", "## What it reads", "", *rules(control.checks))
    if control.rewrites:
        name = control.rewriter or control.id
        yield from ("", "## What it rewrites", "", f"At the level `remediate`, as `{name}`, where nothing is said:", "")
        yield from rules(control.rewrites)
    if control.parameters:
        yield from ("", "## Parameters", "", "| parameter | schema | default | |", "|---|---|---|---|")
    for name, schema in control.parameters.items():
        kind = {key: value for key, value in schema.items() if key not in ("description", "default")}
        words = schema["description"]
        yield f"| `{name}` | `{json.dumps(kind)}` | `{json.dumps(schema['default'])}` | {words} |"
    told = control.remediation
    lines = [told] if isinstance(told, str) else [f"- {name}: {words}" for name, words in told.items()]
    yield from ("", "## What to do", "", *lines)
    yield from ("", "## Which requirements it serves", "", f"{', '.join(control.frameworks)}.")


def rules(functions: Mapping[str, Callable[..., object]]) -> Iterator[str]:
    """What is done to the types of resources, a line for those with the same."""
    types: dict[str, list[str]] = {}
    for type_, does in functions.items():
        types.setdefault(" ".join((does.__doc__ or "").split()), []).append(f"`{type_}`")
    yield from (f"- {', '.join(names)}: {rule}" for rule, names in types.items())
