"""The models that a server has, by the names and versions that clients give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from modelport_server.errors import Fault, Rejected, ServerError
from modelport_server.inference.model import Model

DIGITS = re.compile(r"(\d+)")


class Twice(ServerError):
    """Two models have one name and version."""


class Catalog:
    """No models at first: the server answers before it has loaded them."""

    def __init__(self) -> None:
        self._models: dict[str, dict[str, Model]] = {}

    def __iter__(self) -> Iterator[Model]:
        for versions in self._models.values():
            yield from versions.values()

    def fill(self, models: Iterable[Model]) -> None:
        """Take the models.

        Raises:
            Twice: two of them cannot be told apart.
        """
        found: dict[str, dict[str, Model]] = {}
        for model in sorted(models, key=lambda model: _in_order(model.bundle.version)):
            name, version = model.bundle.name, model.bundle.version
            if found.setdefault(name, {}).setdefault(version, model) is not model:
                raise Twice(f"two models are called {name} {version}\n  Build one with another --name or --version.")
        self._models = found

    def named(self, name: str, version: str | None = None) -> Model:
        """The model that a client names; without a version, the newest.

        Raises:
            Rejected: there is none of this name or version, or none yet.
        """
        self._require_models()
        if (versions := self._models.get(name)) is None:
            raise Rejected(Fault.NOT_FOUND, f"no model {name}: this server has {', '.join(self._models)}")
        if version is None:
            return next(reversed(versions.values()))
        if (model := versions.get(version)) is None:
            text = f"no version {version} of {name}: this server has {', '.join(versions)}"
            raise Rejected(Fault.NOT_FOUND, text)
        return model

    def versions(self, name: str) -> list[str]:
        """The versions of a model that there is, the newest last."""
        return list(self._models[name])

    def names(self) -> list[str]:
        """The names of the models."""
        return list(self._models)

    def only(self) -> Model:
        """The model that a path without a name means, in its newest version.

        Raises:
            Rejected: there are several, or none yet.
        """
        self._require_models()
        if len(self._models) != 1:
            names = ", ".join(self._models)
            text = f"this server has several models ({names}), and this path names none: use /v2/models/NAME/infer"
            raise Rejected(Fault.INVALID_INPUT, text)
        return self.named(next(iter(self._models)))

    def _require_models(self) -> None:
        if not self._models:
            raise Rejected(Fault.NOT_READY, "the server is starting: its models are not loaded yet")


def _in_order(version: str) -> list[tuple[bool, int, str]]:
    """So that 10 comes after 9, and 1.10 after 1.9."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in DIGITS.split(version)]
