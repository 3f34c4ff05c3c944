"""Controls of a project's own, from a Python file of its repository."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from modelport_policies.control import Control
from modelport_policies.controls import catalogue
from modelport_policies.errors import PolicyError

ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9]{2,}")
HINT = "It is a list of modelport_policies.control.Control; `modelport policies new ID` writes one to begin with."


def own_controls(file: Path | None) -> tuple[Control, ...]:
    """The `CONTROLS` of a Python file, none where there is no file.

    Raises:
        PolicyError: with everything that is wrong with the file.
    """
    if file is None or not file.exists():
        return ()
    controls = _executed(file)
    if faults := list(_faults(controls, {each.id for each in catalogue()})):
        raise PolicyError("\n".join(f"{file}  {fault}" for fault in faults))
    return tuple(controls)


def _executed(file: Path) -> Any:
    """What the file calls `CONTROLS`. It may import what lies beside it."""
    spec = spec_from_file_location("modelport_policies_of_project", file)
    if spec is None or spec.loader is None:
        raise PolicyError(f"{file}  is no Python file")
    module, beside = module_from_spec(spec), str(file.parent.resolve())
    sys.path.insert(0, beside)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PolicyError(f"{file}  cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(beside)
    return getattr(module, "CONTROLS", None)


def _faults(controls: Any, taken: Collection[str]) -> Iterator[str]:
    if not isinstance(controls, list | tuple) or not all(isinstance(each, Control) for each in controls):
        yield f"CONTROLS: {'is missing' if controls is None else 'is something else'}. {HINT}"
        return
    seen: set[str] = set()
    for each in controls:
        if not ID.fullmatch(each.id):
            yield f"{each.id}: an id is capitals and a number, like ACME-01"
        if each.id in taken:
            yield f"{each.id}: modelport has a control of this id. Take another prefix"
        if each.id in seen:
            yield f"{each.id}: two controls have this id"
        if unclear := [type_ for type_, check in each.checks.items() if not check.__doc__]:
            yield f"{each.id}: the check of {', '.join(unclear)} has no docstring: it says which input it reads"
        seen.add(each.id)
