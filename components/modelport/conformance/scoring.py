"""Scoring on a path of the platform's choice: a V2 request, or instances, whichever the server takes."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from modelport.conformance.check import Skipped, expect
from modelport.conformance.client import Answer, shown
from modelport.conformance.session import Session
from modelport.conformance.v2 import outputs_of
from modelport.conformance.v2_binary import packed, unpacked
from modelport.conformance.values import compare_numbers, flat


def score(session: Session, path: str, **headers: str) -> Answer:
    """Score the request in JSON; fails where the answer is wrong."""
    answer = scored(session, path, **headers)
    content = answer.json()
    if isinstance(content, dict) and "outputs" in content:
        session.model.check_outputs(outputs_of(answer))
    else:
        session.model.check_predictions(content.get("predictions") if isinstance(content, dict) else content)
    return answer


def scored(session: Session, path: str, **headers: str) -> Answer:
    """The answer to the request in JSON: as V2, and where that is refused as instances; fails where both are."""
    model = session.model
    if model.speaks_json:
        answer = session.client.post(path, model.request(), **headers)
        if answer.status == 200 and b'"outputs"' in answer.body:
            return answer
    answer = session.client.post(path, {"instances": model.instances()}, **headers)
    answer.expect(200)
    return answer


def score_csv(session: Session, path: str) -> None:
    """Score rows of CSV, and read rows of CSV."""
    model = session.model
    if not model.rows or any(len(value.shape) > 2 or value.datatype == "BYTES" for value in model.inputs):
        raise Skipped("the model's inputs are no table")
    columns = [value.nested for value in model.inputs]
    rows = [list(flat(list(row))) for row in zip(*columns, strict=True)]
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    answer = session.client.post(path, file.getvalue().encode(), "text/csv", accept="text/csv")
    if answer.status in (406, 415):
        raise Skipped(f"the server does not take text/csv: {shown(answer.body)}")
    answer.expect(200)
    tolerance = dict(model.tolerance)
    given = list(csv.reader(io.StringIO(answer.body.decode("utf-8", "replace"))))
    expect(len(given) == model.rows, f"{len(given)} rows for {model.rows} rows")
    if model.wanted and len(given[0]) == sum(math.prod(value.shape[1:]) for value in model.wanted):
        columns = [value.nested for value in model.wanted]
        wanted = [str(cell) for row in zip(*columns, strict=True) for cell in flat(list(row))]
        compare_numbers("cell", [_number(cell) for row in given for cell in row], list(map(_number, wanted)), tolerance)


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell


def score_binary(session: Session, path: str, kind: str) -> None:
    """Score tensors as bytes, and read them, in one of Triton's types for clouds."""
    text, rest = packed(session, parameters={"binary_data_output": True})
    answer = session.client.post(path, text + rest, f"{kind};json-header-size={len(text)}")
    if answer.status in (406, 415):
        raise Skipped(f"the server does not take {kind}: {shown(answer.body)}")
    answer.expect(200)
    given, _, size = answer.headers.get("content-type", "").partition(";json-header-size=")
    expect(given == kind and size.isdecimal(), f"the answer is of type {answer.headers.get('content-type')!r}")
    session.model.check_outputs(unpacked(answer.body, int(size)))


def padded(session: Session, size: int) -> bytes:
    """The request in JSON, of `size` bytes."""
    content: Any = session.model.request()
    return json.dumps(content).encode().ljust(size)
