# SPDX-License-Identifier: Apache-2.0
"""Makes the model of a document that conforms to the schema."""

from __future__ import annotations

import re
from typing import Any

from ignition.base.origin import Origin, pointer
from ignition.testbed.expectations import model
from ignition.testbed.expectations.document import Document
from ignition.testbed.expectations.problems import (
    CONTRADICTION,
    STRUCTURE,
    Path,
    Place,
    Problems,
)
from ignition.testbed.expectations.sections import BY_KEY, Section
from ignition.testbed.expectations.values import Values


def build(document: Document, problems: Problems) -> model.Expectations:
    """The expectations of a document. What is wrong with single items is added to `problems`."""
    return _Builder(document, problems).build()


class _Builder:
    def __init__(self, document: Document, problems: Problems) -> None:
        self._document = document
        self._problems = problems
        self._values = Values(document, problems)

    def build(self) -> model.Expectations:
        value = self._document.value
        items = [
            self._item(BY_KEY[key], entry, (key, index))
            for key in value
            if key in BY_KEY
            for index, entry in enumerate(value[key])
        ]
        failure = None
        if "failure" in value:
            failure = model.ExpectedFailure(place=self._origin(("failure",)), **value["failure"])
            self._refuse_others(value)
        return model.Expectations(
            self._problems.source,
            items=tuple(items),
            failure=failure,
            second_boot=self._origin(("second_boot",)) if "second_boot" in value else None,
            extends="extends" in value,
        )

    def _refuse_others(self, value: dict[str, Any]) -> None:
        for key in value:
            if key not in ("failure", "$schema"):
                self._contradiction(
                    f"failure excludes {key}: a machine that is not provisioned has none of it",
                    self._document.key_places[(key,)],
                    (key,),
                    "put the expected failure into a file of its own",
                )

    def _origin(self, path: Path) -> Origin:
        return Origin(self._problems.source, pointer(path), *self._document.place(path))

    def _contradiction(self, message: str, place: Place, path: Path, hint: str = "") -> None:
        self._problems.add(CONTRADICTION, message, place, path, hint)

    def _item(self, section: Section, entry: Any, path: Path) -> model.Expectation:
        if not isinstance(entry, dict):
            entry = {section.short: entry}
        members = self._members(entry, path)
        self._check_exclusive(entry, path)
        if section.type is model.File and "content_base64" in members:
            members["content"] = members.pop("content_base64")
        if section.type is model.Unit:
            self._values.unit_name(entry["name"], (*path, "name"))
        if section.type is model.Disk:
            members["partitions"] = tuple(
                self._partition(part, (*path, "partitions", index))
                for index, part in enumerate(entry.get("partitions", ()))
            )
        if section.type is model.JournalLine:
            self._journal_line(entry, members, path)
        return section.type(place=self._origin(path), **members)

    def _members(self, entry: dict[str, Any], path: Path) -> dict[str, Any]:
        return {
            name: self._values.convert(name, value, (*path, name)) for name, value in entry.items()
        }

    def _partition(self, entry: dict[str, Any], path: Path) -> model.Partition:
        if "number" not in entry and "label" not in entry:
            self._problems.add(
                STRUCTURE, "a partition needs a number or a label", self._document.place(path), path
            )
        self._check_absent(entry, path, ("number", "label"))
        return model.Partition(place=self._origin(path), **self._members(entry, path))

    def _journal_line(self, entry: dict[str, Any], members: dict[str, Any], path: Path) -> None:
        """Plain text becomes a regular expression, the only form that the model has."""
        members.pop("contains", None)
        if ("matches" in entry) == ("contains" in entry):
            self._problems.add(
                STRUCTURE,
                "a journal line needs either matches or contains",
                self._document.place(path),
                path,
            )
            members["matches"] = ""
        elif "contains" in entry:
            members["matches"] = re.escape(entry["contains"])

    def _check_exclusive(self, entry: dict[str, Any], path: Path) -> None:
        if "content" in entry and "content_base64" in entry:
            here = (*path, "content_base64")
            self._contradiction(
                "content and content_base64 exclude each other", self._document.place(here), here
            )
        section = BY_KEY[str(path[0])]
        if section.type is not model.JournalLine:
            self._check_absent(entry, path, section.subject)
        self._check_within(entry, path)

    def _check_absent(self, entry: dict[str, Any], path: Path, subject: tuple[str, ...]) -> None:
        if entry.get("exists") is not False:
            return
        for name in entry:
            if name not in ("exists", *subject):
                here = (*path, name)
                self._contradiction(
                    f"what does not exist has no {name}",
                    self._document.key_places.get(here, self._document.place(here)),
                    here,
                    "remove it, or exists: false",
                )

    def _check_within(self, entry: dict[str, Any], path: Path) -> None:
        if "within" in entry and entry.get("active") is not True:
            here = (*path, "within")
            self._contradiction(
                "within needs active: true", self._document.place(here), here, "add active: true"
            )
