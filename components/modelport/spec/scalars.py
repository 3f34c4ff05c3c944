"""Value types that several sections share. Strict: a quoted number or a yes is an error, not a guess."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

SCHEMES = ("s3", "gs", "azblob", "https", "oci", "mlflow")

_CRON_FIELD = r"(\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[0-9]{1,2})?"
_CRON_LIST = rf"{_CRON_FIELD}(,{_CRON_FIELD})*"


def _model_source(text: str) -> str:
    """A path, or a URI of a known scheme without credentials in it."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme is None:
        return text
    if scheme[1] not in SCHEMES:
        allowed = "a path, or a URI that starts with s3://, gs://, azblob://, https://, oci:// or mlflow:models:/"
        raise PydanticCustomError("source", "Input should be {allowed}", {"allowed": allowed, "choices": SCHEMES})
    if scheme[1] == "mlflow":
        if not re.fullmatch(r"mlflow: ?models:/[^/]+/[^/]+", text):
            raise PydanticCustomError("source", "Input should be {allowed}", {"allowed": "mlflow:models:/NAME/VERSION"})
        return text.replace(" ", "", 1)
    if not re.fullmatch(r"[a-z0-9]+://[^/\s]+/\S+", text):
        allowed = f"{scheme[1]}://PLACE/PATH"
        raise PydanticCustomError("source", "Input should be {allowed}", {"allowed": allowed})
    if "@" in text.split("/")[2]:
        allowed = "a URI without user and password: credentials come from the environment"
        raise PydanticCustomError("source", "Input should be {allowed}", {"allowed": allowed, "secret": True})
    return text


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Number = Annotated[float, Field(strict=True), PlainSerializer(_whole)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]
Name = Annotated[str, StringConstraints(min_length=3, max_length=32, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
ImageReference = Annotated[
    str,
    StringConstraints(
        max_length=512,
        pattern=r"^[a-z0-9][a-zA-Z0-9._:/-]*[a-zA-Z0-9](:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?$",
    ),
]
Cron = Annotated[str, StringConstraints(pattern=rf"^{_CRON_LIST}( {_CRON_LIST}){{4}}$")]
Source = Annotated[Text, AfterValidator(_model_source)]
TargetName = Literal["local", "kubernetes", "sagemaker", "vertex", "azureml"]
