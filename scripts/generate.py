"""Write every file that is made from code, or with --check say which are stale."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modelport.conformance.page import page as conformance_page
from modelport.monitoring.runbooks import index as runbooks_index
from modelport.spec import reference
from modelport.targets.sagemaker.page import page as sagemaker_permissions
from modelport.targets.vertex.page import page as vertex_permissions
from modelport_policies.control import PROFILES
from modelport_policies.controls import catalogue
from modelport_policies.page import control_page
from modelport_policies.page import page as policies_page
from modelport_policies.profiles import pack_config

ROOT = Path(__file__).parent.parent
FILES: dict[str, Callable[[], str]] = {
    "docs/reference/service.schema.json": reference.service_schema,
    "docs/reference/stack.schema.json": reference.stack_schema,
    "docs/reference/config.md": reference.reference_page,
    "docs/reference/conformance.md": conformance_page,
    "docs/targets/sagemaker-permissions.md": sagemaker_permissions,
    "docs/targets/vertex-permissions.md": vertex_permissions,
    "docs/policies.md": policies_page,
    **{f"docs/policies/{each.id}.md": partial(control_page, each) for each in catalogue()},
    "docs/runbooks/README.md": runbooks_index,
    **{f"policies/modelport_policies/pack/profiles/{each}.json": partial(pack_config, each) for each in PROFILES},
}
FOLDERS = (
    "docs/policies",
    "policies/modelport_policies/pack/profiles",
)
"""What is in these is all made from code."""


def stale() -> dict[Path, str]:
    """The files whose content is not what their code gives, with what it gives."""
    wanted = {ROOT / name: make() for name, make in FILES.items()}
    return {path: text for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text}


def superfluous() -> list[Path]:
    """The files beside those that are made, which nothing makes."""
    made = {ROOT / name for name in FILES}
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*")) if path not in made]


def main(check: bool) -> int:
    files, others = stale(), superfluous()
    for path in others:
        print(f"{path.relative_to(ROOT)} {'is made by nothing: run scripts/generate.py' if check else 'removed'}")
        if not check:
            path.unlink()
    for path, text in files.items():
        print(f"{path.relative_to(ROOT)} {'is stale: run scripts/generate.py' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return 1 if check and (files or others) else 0


if __name__ == "__main__":
    raise SystemExit(main(check="--check" in sys.argv[1:]))
