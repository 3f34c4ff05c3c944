from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelport.cli.console import columns, say, say_json, tell

from .options import AsJson, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelport.cli.needs import Need
    from modelport.cli.planned import Planned


def images(
    stack: Stack = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Bring what the stack copies to its registry and stores, as `up` would.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the images and model bundles that a stack's cluster takes from registries and stores. Asks nobody."""
    from modelport.cli import needs
    from modelport.cli.planned import planned

    plan = planned(stack)
    of_stack = plan.objects, plan.artifacts
    found = {"images": needs.images(*of_stack), "bundles": needs.bundles(*of_stack)}
    if copy:
        _bring(plan)
    if as_json:
        say_json({kind: [each.to_json() for each in needed] for kind, needed in found.items()})
        return
    for kind, needed in found.items():
        for each in needed:
            say(f"{kind.removesuffix('s')}  {each.place}")
            for line in columns(list(_rows(each))):
                say(f"  {line}")
    if not copy and plan.artifacts:
        say(f"next: modelport images -s {plan.workspace.stack} --copy")


def _rows(need: Need) -> Iterator[list[str]]:
    if need.digest is None or need.digest not in need.place:
        yield ["digest", need.digest or "none: it may become another one"]
    if need.origin:
        yield ["copy of", need.origin]
    yield from (["for", user] for user in need.users)


def _bring(plan: Planned) -> None:
    """Bring images and bundles to where they are taken from; what is there is not sent."""
    from modelport.providers.artifact import ArtifactBundle, ArtifactImage

    resources = {each.kind: each for each in (ArtifactBundle(), ArtifactImage())}
    for kind, given in plan.artifacts:
        resource = resources[kind]
        inputs = {name: given[name] for name in resource.inputs if name in given}
        place, _ = resource.create(inputs, tell)
        tell(f"{place} is there")
