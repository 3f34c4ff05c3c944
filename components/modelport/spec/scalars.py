"""Value types that several sections share. Strict: a quoted number or a yes is an error, not a guess."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import CoreSchema, core_schema

from .section import not_allowed

_URIS = {
    "s3:": "s3://BUCKET/...",
    "gs:": "gs://BUCKET/...",
    "azblob:": "azblob://ACCOUNT/...",
    "https:": "https://HOST/...",
    "oci:": "oci://REGISTRY/...",
    "mlflow:": "mlflow:models:/NAME/VERSION",
}

_CRON_FIELD = r"(\*|[0-9]{1,2}(-[0-9]{1,2})?)(/[0-9]{1,2})?"
_CRON = rf"{_CRON_FIELD}(,{_CRON_FIELD})*"
_IMAGE = r"[a-z0-9][a-zA-Z0-9._:/-]*[a-zA-Z0-9](:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?"


@dataclass(frozen=True)
class Form:
    """The regular expression that a whole text matches, and the same in words for people."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The text's own schema, then the expression."""

        def check(text: str) -> str:
            if not re.fullmatch(self.pattern, text):
                raise not_allowed(self.words)
            return text

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The text's own JSON Schema with the expression."""
        return {**handler(schema), "pattern": f"^{self.pattern}$"}


def _model_source(text: str) -> str:
    """A path, or a URI of a known scheme without credentials in it."""
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text)
    if scheme is None:
        return text
    if scheme[0] not in _URIS:
        raise not_allowed(f"a path or a URI of the form {', '.join(_URIS.values())}")
    if re.match(r"\w+://[^/]*@", text):
        raise not_allowed("a URI without user and password: credentials come from the environment")
    if scheme[0] == "mlflow:":
        text = text.replace("mlflow: ", "mlflow:", 1)
    if not re.fullmatch(re.sub("[A-Z]+", r"[^/\\s]+", _URIS[scheme[0]]).replace("...", r"\S+"), text):
        raise not_allowed(f"a URI of the form {_URIS[scheme[0]]}")
    return text


def _receiver(text: str) -> str:
    """An address of any kind; one of the web goes over TLS and bears no password."""
    if "://" not in text:
        return text
    if not re.fullmatch(r"https://[^\s/@]+(/\S*)?", text):
        raise not_allowed("an https:// address without user and password, an e-mail address or a name")
    return text


def _zone(text: str) -> str:
    """A name that the machine's data on time zones knows, where it has any."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        if available_timezones():
            raise not_allowed("an IANA time zone, like Europe/Berlin") from None
    return text


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a list without repetitions."""
    if len(set(values)) < len(values):
        raise not_allowed("a list without repetitions")
    return values


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]
Number = Annotated[float, Field(strict=True), PlainSerializer(_whole)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]
Name = Annotated[
    str,
    StringConstraints(min_length=3, max_length=32),
    Form(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", "3 to 32 lower-case letters, digits and single dashes, a letter first"),
]
Sha256 = Annotated[str, Form(r"[0-9a-f]{64}", "64 hexadecimal digits in lower case")]
Digest = Annotated[str, Form(r"sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits in lower case")]
ImageReference = Annotated[
    str, StringConstraints(max_length=512), Form(_IMAGE, "an image like registry/name:tag@sha256:digest")
]
Webhook = Annotated[str, StringConstraints(max_length=1000), Form(r"https://\S+", "an https:// address")]
Cron = Annotated[str, Form(rf"{_CRON}( {_CRON}){{4}}", "five cron fields of numbers, like 30 6 * * 1-5")]
TimeZone = Annotated[Text, AfterValidator(_zone)]
Source = Annotated[Text, AfterValidator(_model_source)]
Notified = Annotated[Text, AfterValidator(_receiver)]
TargetName = Literal["local", "kubernetes", "sagemaker", "vertex", "azureml"]
Targets = Annotated[tuple[TargetName, ...], Field(min_length=1), AfterValidator(distinct)]
Names = Annotated[tuple[Name, ...], AfterValidator(distinct)]
