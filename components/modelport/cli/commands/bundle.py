from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelport.cli.console import say, say_json

from .options import AsJson

if TYPE_CHECKING:
    from modelport.bundle import Bundle

PASSWORD = "MODELPORT_KEY_PASSWORD"  # noqa: S105  the name of a variable

app = typer.Typer(no_args_is_help=True, help="Models with their contract, in one folder each.")


@app.command()
def build(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="The model.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to make.", show_default=False)],
    sample: Annotated[
        Path | None, typer.Option("--sample", help="A V2 infer request in JSON; without it, one is made up.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The model's name; without it, the file's.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="The model's version; without it, 1.")] = None,
    before: Annotated[
        list[Path] | None, typer.Option("--before", help="A graph that prepares its inputs; may be repeated, in order.")
    ] = None,
    after: Annotated[
        list[Path] | None, typer.Option("--after", help="A graph that treats its outputs; may be repeated, in order.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of an ONNX model: the model, what it takes and gives, and a request that it must answer."""
    from modelport.bundle import build as build_bundle

    built = build_bundle(model, out, sample=sample, name=name, version=version, before=before or (), after=after or ())
    _show(built, as_json)
    if not as_json:
        say(f"next: modelport bundle verify {out}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Compare every file of a bundle with its digest. Fails with what differs."""
    from modelport.bundle.errors import surfaced
    from modelport_server import bundle

    with surfaced():
        verified = bundle.verify(folder)
    _show(verified, as_json)
    if not as_json:
        say(f"next: name {folder} in model.source of a service file")


@app.command()
def sign(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.", show_default=False)],
    key: Annotated[
        Path, typer.Option("--key", metavar="PEM", help="The private key: ed25519 or ECDSA.", show_default=False)
    ],
) -> None:
    """Sign a bundle, for servers that are told to serve no other. The key's password is in MODELPORT_KEY_PASSWORD."""
    import os

    from modelport.bundle.errors import BundleError, surfaced
    from modelport_server import bundle
    from modelport_server.bundle import signature

    password = os.environ.get(PASSWORD)
    try:
        private_key = key.read_bytes()
    except OSError as error:
        raise BundleError(key, f"cannot be read: {error.strerror}.", "Give a private key in PEM.") from error
    with surfaced():
        bundle.verify(folder)
        made = signature.sign(folder, private_key, password.encode() if password else None)
    say(f"signed: {made}")
    say(f"next: modelport-server --model {folder} --public-key PUBLIC.pem")


@app.command()
def baseline(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.", show_default=False)],
    data: Annotated[
        Path, typer.Option("--data", metavar="FILE", help="Inputs: .npz, .npy, .csv or .jsonl.", show_default=False)
    ],
    columns: Annotated[str | None, typer.Option("--columns", help="Names of the columns, with commas.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write into a bundle how its inputs and outputs are distributed in trusted data; servers measure drift from it."""
    from modelport.bundle import make_baseline

    made = make_baseline(folder, data, columns.split(",") if columns else ())
    if as_json:
        say_json(made.to_json())
        return
    say(f"baseline of {made.rows:,} rows, {len(made.features)} features")
    say(f"next: modelport-server --model {folder} --drift")


def _show(bundle: Bundle, as_json: bool) -> None:
    if as_json:
        say_json(_plain(bundle))
        return
    say(f"{bundle.name} {bundle.version}  {bundle.digest}  {bundle.size:,} bytes")
    for word, tensors in (("takes", bundle.inputs), ("gives", bundle.outputs)):
        for tensor in tensors:
            say(f"  {word}  {tensor.name}  {tensor.datatype}{list(tensor.shape)}")


def _plain(bundle: Bundle) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "path": str(bundle.path),
        "name": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        "size": bundle.size,
        "inputs": [asdict(tensor) for tensor in bundle.inputs],
        "outputs": [asdict(tensor) for tensor in bundle.outputs],
    }
