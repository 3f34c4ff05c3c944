from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelport.cli.console import columns, say, say_json

from .options import AsJson

if TYPE_CHECKING:
    from modelport.bundle import Bundle


class Precision(Enum):
    """What `optimize` makes."""

    FP16 = "fp16"
    INT8 = "int8"


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
def optimize(
    folder: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The bundle.", show_default=False)],
    precision: Annotated[Precision, typer.Option("--precision", help="The numbers to compute with.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder to make; without it, BUNDLE-PRECISION."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="NPZ", help="Rows as the service will see them, an array per input."),
    ] = None,
    max_error: Annotated[
        float | None,
        typer.Option("--max-error", min=0, help="Refuse more; without it, 0.01 for fp16 and 0.05 for int8."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of another precision, and measure how far its answers are from the original's.

    The error of an output is relative for numbers (L2 norms), and the share that differs for labels.
    """
    from modelport.bundle.optimize import optimize as optimize_bundle

    named = folder if folder.name not in ("", "..") else folder.resolve()
    out = out or named.with_name(f"{named.name}-{precision.value}")
    made = optimize_bundle(folder, out, precision=precision.value, calibration=calibration, max_error=max_error)
    error = made.expected()["error"]
    _show(made, as_json, precision=made.precision, provenance=made.provenance, error=error)
    if not as_json:
        for line in _errors(error):
            say(line)
        say(f"next: name {out} in model.source of a service file")


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


def _show(bundle: Bundle, as_json: bool, **more: Any) -> None:
    if as_json:
        say_json({**_plain(bundle), **more})
        return
    say(f"{bundle.name} {bundle.version}  {bundle.digest}  {bundle.size:,} bytes")
    for word, tensors in (("takes", bundle.inputs), ("gives", bundle.outputs)):
        for tensor in tensors:
            say(f"  {word}  {tensor.name}  {tensor.datatype}{list(tensor.shape)}")


def _errors(error: dict[str, Any]) -> list[str]:
    rows = []
    for name, each in error["outputs"].items():
        largest = f"largest difference {each['largest']:.3g}" if "largest" in each else ""
        agreement = "" if each["agreement"] is None else f"{each['agreement']:.2%} agree"
        rows.append(["  error", name, f"{each['error']:.3g} of {error['max']:g}", largest, agreement])
    over = f"{error['rows']} rows" if "sha256" in error else "the bundle's sample alone: give rows with --calibration"
    return [*columns(rows), f"  measured over {over}"]


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
