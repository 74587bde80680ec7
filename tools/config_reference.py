# SPDX-License-Identifier: Apache-2.0
"""Generates docs/config.md, the config reference, from the schema of the newest stable spec."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

SCHEMAS = Path(__file__).parents[1] / "schemas"
_INTRODUCTION = """\
# Config reference, spec {version}

<!-- Generated from schemas/ignition-{version}.json by `make generate`; change the schema, not this page. -->

A config is one JSON object. Members that are missing or `null` are unset. Keys that are not listed here have
no effect; lint warns about them. `since` is the spec version that introduced a member; in a config of an
older version it has no effect. What is valid besides types is in [rules](rules/README.md).

The smallest config: `{{"ignition": {{"version": "{version}"}}}}`.

"""


def page(version: str) -> str:
    """The reference of one spec version as Markdown."""
    schema = json.loads((SCHEMAS / f"ignition-{version}.json").read_text())
    objects = {"Config": schema, **schema["$defs"]}
    sections = [_section(name, objects) for name in _in_order("Config", objects)]
    return _INTRODUCTION.format(version=version) + "\n".join(sections)


def _in_order(name: str, objects: dict[str, Schema]) -> list[str]:
    """The object types as a reader meets them: each after the first that uses it."""
    found: dict[str, None] = {}

    def walk(here: str) -> None:
        if here in found:
            return
        found[here] = None
        for member in objects[here]["properties"].values():
            if below := _referred(member):
                walk(below)

    walk(name)
    return list(found)


def _section(name: str, objects: dict[str, Schema]) -> str:
    body = objects[name]
    title = body["title"] if name != "Config" else "Config"
    rows = "".join(
        _row(key, member, key in body.get("required", ()), objects)
        for key, member in body["properties"].items()
    )
    return (
        f"## {title}\n\n{body['description']}\n\n"
        f"| member | type | default | since | meaning |\n|---|---|---|---|---|\n{rows}"
    )


def _row(key: str, member: Schema, required: bool, objects: dict[str, Schema]) -> str:
    default = member.get("default")
    cells = (
        f"`{key}`",
        _type(member, objects),
        "required" if required else "" if default is None else f"`{json.dumps(default)}`",
        member.get("x-ignition-since", "3.0.0"),
        " ".join(_meaning(member)),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _type(member: Schema, objects: dict[str, Schema]) -> str:
    of = _referred(member)
    if of:
        title = objects[of]["title"]
        link = f"[{title}](#{title.lower().replace(' ', '-')})"
        return f"list of {link}" if member.get("type") == "array" else link
    if member["type"] == "array":
        return f"list of {member['items']['type']}s"
    return str(member["type"])


def _meaning(member: Schema) -> Iterator[str]:
    yield member["description"]
    values = member.get("enum") or member.get("items", {}).get("enum")
    if values:
        yield (
            "One of "
            + ", ".join(f"`{json.dumps(value)}`" for value in values if value is not None)
            + "."
        )
    if member.get("x-ignition-key"):
        keys = " or ".join(member["x-ignition-key"])
        yield f"When configs are merged, entries with the same {keys} are merged."


def _referred(member: Schema) -> str:
    found = member.get("$ref") or member.get("items", {}).get("$ref", "")
    return str(found).removeprefix("#/$defs/")
