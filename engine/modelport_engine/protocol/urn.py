"""URNs: the names of resources in state, ``urn:pulumi:STACK::PROJECT::PARENT_TYPES$TYPE::NAME``."""

from modelport_engine.errors import EngineError

PREFIX = "urn:pulumi:"
STACK_TYPE = "pulumi:pulumi:Stack"


class InvalidUrn(EngineError):
    """A text that should name a resource does not."""


class Urn(str):
    """A URN. It is a string, so that it stands wherever state and protocols have one.

    Raises:
        InvalidUrn: if the text does not have four parts behind ``urn:pulumi``.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> "Urn":  # noqa: D102 - the class docstring says it
        if not text.startswith(PREFIX) or text.count("::") < 3:
            raise InvalidUrn(f"{text!r} is not a URN: expected {PREFIX}STACK::PROJECT::TYPE::NAME")
        return super().__new__(cls, text)

    @classmethod
    def make(cls, stack: str, project: str, parent: str, type: str, name: str) -> "Urn":
        """The URN of a resource; `parent` is its parent's URN, or empty."""
        chain = Urn(parent).qualified_type if parent else ""
        prefix = "" if chain in ("", STACK_TYPE) else f"{chain}$"
        return cls(f"{PREFIX}{stack}::{project}::{prefix}{type}::{name}")

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self._parts[0]

    @property
    def project(self) -> str:
        """The project's name."""
        return self._parts[1]

    @property
    def qualified_type(self) -> str:
        """The types of the ancestors (but for the stack) and the resource's own, joined by ``$``."""
        return self._parts[2]

    @property
    def type(self) -> str:
        """The resource's own type."""
        return self.qualified_type.rpartition("$")[2]

    @property
    def name(self) -> str:
        """The logical name; it may itself contain ``::``."""
        return self._parts[3]

    @property
    def is_default_provider(self) -> bool:
        """Whether it names a provider that the engine made because a program named none."""
        return self.type.startswith("pulumi:providers:") and self.name.startswith("default")

    @property
    def _parts(self) -> list[str]:
        return self.removeprefix(PREFIX).split("::", 3)
