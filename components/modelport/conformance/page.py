"""The reference page of the checks, made from them."""

from __future__ import annotations

from collections.abc import Iterator

from modelport.conformance.judge import WIRES, checks

HEAD = """# Conformance

Whether a live server does what the protocols demand, ours or another's:

```
modelport conformance http://HOST:8080 --grpc HOST:8081 --bundle DIR
```

Without `--wire` the wires are tried that the server seems to speak. `--bundle` gives a request and its answer, which is
compared within the bundle's tolerance. Without it a request is made from the server's own V2 metadata (`--model` names
the model where `/v1/models` does not list it alone), and only names, datatypes and shapes of the answer are judged.
`--auth-env VARIABLE` names the variable that holds the `Authorization` header. Routes of Vertex AI and Azure ML are
`--score-path`, `--live-path` and `--ready-path`; without them the first usual one is taken that the server has.

A check is `must` where the protocol's text demands it, `should` where users are better off with it. The exit code is 1
where a `must` failed, with `--strict` also a `should`; 2 where there is no server. `--json` gives every check with its
result and reason.

This page is generated from the checks.
"""


def page() -> str:
    """The page."""
    return "\n".join([HEAD, *_lines()]).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    for wire in WIRES:
        yield from (f"## {wire}", "", "| check | | demands | source |", "|---|---|---|---|")
        for check in checks(wire):
            yield f"| `{check.id}` | {check.level} | {check.demand} | {check.source} |"
        yield ""
