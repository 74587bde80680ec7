# SPDX-License-Identifier: Apache-2.0
"""The config that expectations are derived from, with the places of its parts."""

from __future__ import annotations

from ignition.acquisition import origins
from ignition.acquisition.rendered import Rendered
from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.config import document
from ignition.config.model import Config


class Subject:
    """A rendered config. `notes` collects sentences about what cannot be derived."""

    def __init__(self, rendered: Rendered, source: str, data: bytes) -> None:
        self.config = Config(rendered.value)
        self.notes: list[str] = []
        self._table = rendered.table
        self._source = source
        try:
            self._text: document.Document | None = document.parse(data, source)
        except Failure:  # `data` is not the text that was rendered
            self._text = None

    def place(self, *path: str | int) -> Origin:
        """Where a part of the config is written, with line and column if that is in the given file."""
        origin = origins.find(self._table, *path)
        if self._text is not None and origin.source == self._source:
            origin.line, origin.column = self._text.position(_split(origin.pointer))
        return origin

    def note(self, sentence: str) -> None:
        """Adds a sentence, unless it has been added before."""
        if sentence not in self.notes:
            self.notes.append(sentence)


def _split(pointer: str) -> tuple[str | int, ...]:
    """The steps of a pointer into a config. No key of the spec contains ~ or /, or is a number."""
    return tuple(int(step) if step.isdigit() else step for step in pointer.split("/")[1:])
