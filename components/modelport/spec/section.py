from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A part of the config: immutable, closed to unknown fields, camelCase in YAML and snake_case in Python."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def broken_rule(reason: str, *fields: str) -> PydanticCustomError:
    """The error of a rule between fields of a section; `fields` are their paths within it, the one to change first."""
    return PydanticCustomError("rule", "{field}: {reason}", {"field": fields[0], "fields": fields, "reason": reason})


def not_allowed(allowed: str) -> PydanticCustomError:
    """The error of a value that is not what its field allows."""
    return PydanticCustomError("allowed", "Input should be {allowed}", {"allowed": allowed})
