"""The models that a server has, by the names and versions that clients give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelport_server.errors import Fault, Rejected
from modelport_server.model import Model


class Catalog:
    """No models at first: the server answers before it has loaded them."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def fill(self, models: Iterable[Model]) -> None:
        """Take the models."""
        self._models = {model.bundle.name: model for model in models}

    def named(self, name: str, version: str | None = None) -> Model:
        """The model that a client names.

        Raises:
            Rejected: there is none of this name or version, or none yet.
        """
        self._require_models()
        if (model := self._models.get(name)) is None:
            raise Rejected(Fault.NOT_FOUND, f"no model {name}: this server has {', '.join(self._models)}")
        if version not in (None, model.bundle.version):
            raise Rejected(Fault.NOT_FOUND, f"no version {version} of {name}: it is {model.bundle.version}")
        return model

    def only(self) -> Model:
        """The model that a path without a name means.

        Raises:
            Rejected: there are several, or none yet.
        """
        self._require_models()
        if len(self._models) != 1:
            names = ", ".join(self._models)
            text = f"this server has several models ({names}), and this path names none: use /v2/models/NAME/infer"
            raise Rejected(Fault.INVALID_INPUT, text)
        return next(iter(self))

    def _require_models(self) -> None:
        if not self._models:
            raise Rejected(Fault.NOT_READY, "the server is starting: its models are not loaded yet")
