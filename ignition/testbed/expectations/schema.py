# SPDX-License-Identifier: Apache-2.0
"""Checks values against schemas/testing/expectations.json, and says in plain words what is wrong."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path as FilePath
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ignition.base.suggest import closest
from ignition.testbed.expectations.document import Document
from ignition.testbed.expectations.problems import STRUCTURE, UNKNOWN_KEY, Path, Problems

FILE = FilePath(__file__).parents[2] / "schemas" / "testing" / "expectations.json"
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_MUST = "x-ignition-must"
"""A keyword of the schema: what a value must be, as the rest of a sentence."""
_SHOWN = 40


@functools.cache
def schema() -> dict[str, Any]:
    """The published schema."""
    loaded: dict[str, Any] = json.loads(FILE.read_text())
    return loaded


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def check(document: Document, problems: Problems) -> None:
    """Adds a finding for everything in which a document differs from the schema."""
    for error in _validator().iter_errors(document.value):
        _report(error, tuple(error.absolute_path), document, problems)


def _report(error: ValidationError, path: Path, document: Document, problems: Problems) -> None:
    rule = str(error.validator)
    if rule == "additionalProperties":
        rules: Any = error.schema
        members: Any = error.instance
        known = rules["properties"]
        for key in members:
            if key not in known:
                place = document.key_places.get((*path, key), document.place(path))
                _report_key(key, known, path, place, problems)
        return
    message, hint = _explain(error, rule, path, document)
    problems.add(STRUCTURE, message, document.place(path), path, hint)


def _report_key(
    key: str, known: Iterable[str], path: Path, place: tuple[int, int], problems: Problems
) -> None:
    near = closest(key.lower().replace("-", "_"), known)
    where = f" in {_name(path)}" if path else ""
    hint = f"did you mean {near}?" if near else f"known keys: {', '.join(known)}"
    problems.add(UNKNOWN_KEY, f"unknown key {_show(key)}{where}", place, (*path, key), hint)


def _explain(error: ValidationError, rule: str, path: Path, document: Document) -> tuple[str, str]:
    """A sentence about an error, and a hint."""
    name = _name(path)
    value: Any = error.instance
    limit: Any = error.validator_value
    rules: Any = error.schema
    must = rules.get(_MUST, "")
    if rule == "type":
        return _explain_type(name, value, limit, document.numbers.get(path))
    if rule == "required":
        missing = ", ".join(key for key in limit if key not in value)
        return f"{name} needs {missing}", ""
    if rule in ("enum", "const"):
        allowed = limit if rule == "enum" else [limit]
        near = closest(str(value), allowed)
        hint = f"did you mean {near}?" if near and len(allowed) > 1 else ""
        return f"{name} must be {_either(allowed)}, not {_show(value)}", hint
    if rule in ("minLength", "minItems") and (not must or value == ""):
        return f"{name} must not be empty", ""
    if must:
        return f"{name} must {must}, not {_show(value)}", ""
    return f"{name}: {error.message}", ""


def _explain_type(name: str, value: Any, allowed: Any, number: str | None) -> tuple[str, str]:
    kinds = [allowed] if isinstance(allowed, str) else allowed
    wanted = _either([_KINDS[kind] for kind in kinds])
    if value is None:
        return f"{name} has no value; it must be {wanted}", ""
    hint = ""
    if "string" in kinds and isinstance(value, int | float):
        text = number if number is not None else str(value).lower()
        hint = f'put it in quotes: "{text}"'
    elif kinds == ["boolean"] and str(value).lower() in ("yes", "no", "on", "off", "y", "n"):
        hint = f"write {'true' if str(value).lower() in ('yes', 'on', 'y') else 'false'}"
    elif kinds == ["array"]:
        hint = "begin each item with a hyphen and a blank"
    elif isinstance(value, str) and value.strip().isdecimal() and "integer" in kinds:
        hint = "remove the quotes"
    return f"{name} must be {wanted}, not {_kind(value)}", hint


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {_show(value)}"
    return "a list" if isinstance(value, list) else "a mapping"


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _name(path: Path) -> str:
    """What a reader calls a value: `mode`, `item 2 of files`, `the file`."""
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_name(path[:-1])}"
    return path[-1]


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
