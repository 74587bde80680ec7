# SPDX-License-Identifier: Apache-2.0
"""Writes expectations as YAML or JSON that `reading.load` reads."""

from __future__ import annotations

import base64
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

from ignition.lint.result import STANDARD_INPUT
from ignition.testbed.expectations import model, yamltext
from ignition.testbed.expectations.model import Expectation, Expectations
from ignition.testbed.expectations.sections import FAILURE, PARTITION, SECTIONS, section_of

_WIDTH = 100
_HEADER = """\
What must be true of a machine after its first boot with {source}: all that follows from the config itself, \
as `ignition expect` prints it. Without a file of expectations, `ignition test` checks exactly this.

To check more, or something else: save this as {name} beside the config, edit it, and run \
`ignition test {source}`. A file of expectations replaces what follows from the config; with the line \
`extends: config` it adds to it, and then needs only the additions.
docs/expectations.md describes the format."""
_NOTES = "Not checked, because it does not follow from the config:"


def to_yaml(expectations: Expectations) -> str:
    """A commented file of expectations."""
    value = to_value(expectations)
    body = "\n".join(yamltext.member(key, item) for key, item in value.items()) if value else "{}\n"
    return _comment(_header(expectations)) + _notes(expectations.notes) + "\n" + body


def to_json(expectations: Expectations) -> str:
    """The same as JSON, without comments."""
    value = _without_octal(to_value(expectations))
    return yamltext.escape_unprintable(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def to_value(expectations: Expectations) -> dict[str, Any]:
    """The content of the file: mappings, lists and scalars; modes are `yamltext.Octal`."""
    value: dict[str, Any] = {"extends": "config"} if expectations.extends else {}
    for section in SECTIONS:
        items = [item for item in expectations.items if section_of(item) is section]
        if items:
            value[section.key] = [item_value(item) for item in items]
    if expectations.second_boot is not None:
        value["second_boot"] = "unchanged"
    if expectations.failure is not None:
        value["failure"] = dict(_members(expectations.failure, FAILURE))
    return value


def item_value(item: Expectation) -> Any:
    """One item, as a file has it."""
    section = section_of(item)
    members = dict(_members(item, section.members))
    if set(members) == {section.short}:
        return members[section.short]
    return members


def _members(item: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The members that differ from their defaults, as a file has them."""
    defaults = {field.name: field.default for field in fields(item)}
    for name in names:
        value = getattr(item, name)
        if value == defaults[name] and defaults[name] is not MISSING:
            continue
        if isinstance(value, bytes):
            yield _text(name, value)
        elif name == "mode":
            yield name, yamltext.Octal(value)
        elif isinstance(value, tuple):
            yield name, [_part(part) for part in value]
        elif isinstance(value, float):
            yield name, int(value) if value == int(value) else value
        else:
            yield name, value


def _part(value: Any) -> Any:
    return dict(_members(value, PARTITION)) if isinstance(value, model.Partition) else value


def _text(name: str, value: bytes) -> tuple[str, str]:
    try:
        return name, value.decode()
    except UnicodeDecodeError:
        return f"{name}_base64", base64.b64encode(value).decode()


def _without_octal(value: Any) -> Any:
    """JSON has no octal numbers, so a mode is text."""
    if isinstance(value, yamltext.Octal):
        return value.text
    if isinstance(value, dict):
        return {key: _without_octal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_octal(item) for item in value]
    return value


def _header(expectations: Expectations) -> str:
    source = expectations.source.rpartition("/")[2]
    if source == STANDARD_INPUT:
        source = "config.ign"
    name = re.sub(r"\.(ign|json)$", "", source) + ".expect.yaml"
    return _HEADER.format(source=source, name=name)


def _comment(text: str) -> str:
    return "".join(_filled(paragraph, "# ", "# ") for paragraph in text.split("\n"))


def _notes(notes: tuple[str, ...]) -> str:
    if not notes:
        return ""
    return f"#\n# {_NOTES}\n" + "".join(_filled(note, "#   - ", "#     ") for note in notes)


def _filled(text: str, first: str, rest: str) -> str:
    """Words in lines of one width. A control character would end the comment or be refused as YAML."""
    lines = textwrap.wrap(
        yamltext.printable(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines or [first.rstrip()])
