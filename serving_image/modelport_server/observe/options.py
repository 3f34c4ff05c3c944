"""What to watch, as the command line says it."""

from __future__ import annotations

import argparse
import math
import re
from dataclasses import dataclass
from pathlib import Path

from modelport_server.observe.logs import FORMATS, LEVELS

NAMESPACE = re.compile(r"[0-9A-Za-z.\-_/#:]{1,255}")
"""Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum (PutMetricData, Namespace)"""
LEAST_RECORD, LEAST_DISK = 1024, 16 << 20
REPEATED = ("capture_redact",)


@dataclass(frozen=True)
class Watching:
    """What to watch.

    Attributes:
        capture: where records of inferences go: `stdout`, or a file; None: nowhere.
        capture_sample: the share of inferences that is recorded, 0 to 1.
        capture_redact: tensors and columns whose values are not.
        capture_max_bytes: that a record may have.
        capture_disk: bytes of all files of records together.
        drift: the share of inferences that is compared with the baseline, 0 to 1; None: none is.
        drift_window: seconds that the comparison looks back.
        emf: seconds between two writings of metrics to standard output; None: never.
        emf_namespace: that CloudWatch keeps them in.
        otlp: where traces and metrics go, beside what the standard variables say.
    """

    capture: str | None = None
    capture_sample: float = 1.0
    capture_redact: tuple[str, ...] = ()
    capture_max_bytes: int = 65_536
    capture_disk: int = 512 << 20
    drift: float | None = None
    drift_window: float = 3600.0
    emf: float | None = None
    emf_namespace: str = "modelport"
    otlp: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this package."""
    usual = Watching
    add = parser.add_argument
    add("--capture", metavar="stdout|PATH", help="keep inferences and feedback, a JSON object on each line")
    add("--capture-sample", type=share, default=1.0, metavar="SHARE", help="of the inferences, 0 to 1 (default: 1)")
    add("--capture-redact", action="append", metavar="NAME", help="a tensor or column to keep no values of; repeatable")
    add("--capture-max-bytes", type=_bytes(LEAST_RECORD), default=usual.capture_max_bytes, metavar="N",
        help=f"of a record; larger values are left out (default: {usual.capture_max_bytes})")  # fmt: skip
    add("--capture-disk", type=_bytes(LEAST_DISK), default=usual.capture_disk, metavar="N",
        help="bytes of all files of records; the oldest go (default: 512 MiB)")  # fmt: skip
    add("--drift", nargs="?", type=share, const=1.0, metavar="SHARE",
        help="compare this share of inferences with the bundle's baseline (alone: all)")  # fmt: skip
    add("--drift-window", type=seconds, default=usual.drift_window, metavar="SECONDS", help="back (default: 3600)")
    add("--emf", nargs="?", type=seconds, const=60.0, metavar="SECONDS",
        help="write metrics for CloudWatch to standard output, so often (alone: 60)")  # fmt: skip
    add("--emf-namespace", type=namespace, default=usual.emf_namespace, metavar="NAME",
        help=f"that CloudWatch keeps them in (default: {usual.emf_namespace})")  # fmt: skip
    add("--otlp", metavar="URL", help="send traces and metrics there (default: OTEL_EXPORTER_OTLP_ENDPOINT)")
    add("--log-format", choices=FORMATS, default="text", help="(default: text)")
    add("--log-level", choices=LEVELS, default="info", help="(default: info)")


def watching(options: argparse.Namespace) -> Watching:
    """What the parsed flags say."""
    where = options.capture
    return Watching(
        capture=str(Path(where).resolve()) if where and where != "stdout" else where or None,
        capture_sample=options.capture_sample,
        capture_redact=tuple(options.capture_redact or ()),
        capture_max_bytes=min(options.capture_max_bytes, options.capture_disk // 8),
        capture_disk=options.capture_disk,
        drift=options.drift,
        drift_window=options.drift_window,
        emf=options.emf,
        emf_namespace=options.emf_namespace,
        otlp=options.otlp,
    )


def share(text: str) -> float:
    """A share; raises ArgumentTypeError where it is none."""
    number = _number(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: give a number from 0 to 1")
    return number


def seconds(text: str) -> float:
    """A time; raises ArgumentTypeError where it is none."""
    number = _number(text)
    if not 1 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds, at least 1")
    return number


def namespace(text: str) -> str:
    """A namespace of CloudWatch; raises ArgumentTypeError where it is none."""
    if not NAMESPACE.fullmatch(text) or text.startswith("AWS/"):
        raise argparse.ArgumentTypeError(f"{text!r} is no namespace: give up to 255 letters, digits and . - _ / # :")
    return text


def _bytes(least: int) -> type[int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is too little: give a number of bytes, at least {least}")
        return int(text)

    return number  # type: ignore[return-value]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
