# SPDX-License-Identifier: Apache-2.0
"""Generates docs/expectations.md, the reference of files of expectations, from their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ignition.testbed.expectations import yamltext

Schema = dict[str, Any]

FILE = Path(__file__).parents[1] / "schemas" / "testing" / "expectations.json"
_INTRODUCTION = """\
# Expectations

<!-- Generated from schemas/testing/expectations.json by `make generate`; change the schema instead. -->

`ignition test` compares a machine with expectations: what must be true of it after its first boot. They
come from the first of

1. the file that `--expect` names,
2. the file beside the config: `web.expect.yaml`, `web.expect.yml` or `web.expect.json` for `web.ign`,
3. the config itself. `ignition expect web.ign` prints what follows from it.

A file of expectations **replaces** what follows from the config. With the line `extends: config` it
**adds** to it; then what it says about a file, a unit or another object replaces all that follows about
this object.

```yaml
extends: config
ports: [80, 443]
units:
  - name: nginx.service
    active: true
    within: 30s
commands:
  - run: curl -s http://localhost/
    matches: It works
```

## Format

YAML or JSON in UTF-8, one document. Every section is a list, and every section may be left out; `{}`
expects nothing but a first boot that succeeds. A member that is left out is not checked: a file without
`mode` may have any mode.

- Modes are octal: `0644` in YAML, `"0644"` in JSON. `644` and `420` are refused.
- Only `true` and `false` are boolean. `yes` and `off` are text.
- Times are seconds, or text: `500ms`, `30s`, `2m`, `1h`.
- Regular expressions are Python's. They may match anywhere; `^` and `$` also match at line breaks.
- Devices may be named by any link, such as `/dev/disk/by-label/data`.
- Lists (`groups`, `keys`, `options`, `pins`, …) name what must be there; more is allowed.
- `exists: false` expects that something is absent, and takes no other members.
- Anchors, aliases and `<<` work. Tags such as `!!binary` are refused.

All errors are reported at once, each with line and column. For a key that does not exist the nearest one is
named.

An editor completes and checks the file with `schemas/testing/expectations.json`, see
[editors.md](editors.md#files-of-expectations).

## What follows from a config

`ignition expect` derives what every machine meets that was provisioned as the
[behaviour](behaviour/README.md) says, whatever the image had before:

- files with owner, mode and contents. Contents that are private (not readable by all), long or not text are
  expected by their SHA-256, fetched ones by the SHA-256 of their verification;
- directories and links; users and groups. Password hashes are expected by their checksum;
- units: enabled, disabled, masked, not failed. Sockets, timers, paths and mounts that start at boot must be
  active, and services with `Type=oneshot` and `RemainAfterExit=yes`. Other services may end, so a file of
  expectations must say `active: true`;
- mounts of enabled mount units; partitions, filesystems, arrays, LUKS volumes with their pins; kernel
  arguments.

It does not derive

- owner and mode of a directory that may have existed before, unless the config sets them;
- what is written to a filesystem that nothing mounts in the booted machine, or below `/run` and `/tmp`;
- sizes and starts that depend on the free space.

What it leaves out is listed in a comment on top of its output.

"""
_KINDS = {"string": "text", "integer": "number", "boolean": "true, false", "number": "number"}


def page() -> str:
    """The reference as Markdown."""
    schema = json.loads(FILE.read_text())
    objects = schema["$defs"]
    sections = [
        _section(key, member, objects)
        for key, member in schema["properties"].items()
        if key not in ("$schema", "extends")
    ]
    return _INTRODUCTION + "\n".join(sections)


def _section(key: str, member: Schema, objects: dict[str, Schema]) -> str:
    head = f"## `{key}`\n\n"
    if "const" in member:
        text = f"{member['description'][0].upper()}{member['description'][1:]}"
        return f"{head}{text}\n\n{_example({key: member['const']})}"
    body = objects[_referred(member)]
    examples = body["examples"]
    example = examples[0] if "$ref" in member else examples
    parts = [f"{head}{body['description']}\n\n{_example({key: example})}\n{_table(body)}"]
    for name, inner in body["properties"].items():
        if "$ref" in inner.get("items", {}):
            below = objects[_referred(inner)]
            parts.append(f"Members of `{name}`: {below['description']}\n\n{_table(below)}")
    return "\n".join(parts)


def _example(value: dict[str, Any]) -> str:
    lines = "".join(yamltext.member(key, _with_octal(item)) for key, item in value.items())
    return f"```yaml\n{lines}```\n"


def _with_octal(value: Any) -> Any:
    """The modes of a value as YAML writes them; the schema's examples are JSON, where they are text."""
    if isinstance(value, list):
        return [_with_octal(item) for item in value]
    if isinstance(value, dict):
        return {
            key: yamltext.Octal(item, 8) if key == "mode" else _with_octal(item)
            for key, item in value.items()
        }
    return value


def _table(body: Schema) -> str:
    rows = "".join(
        _row(name, member, name in body.get("required", ()))
        for name, member in body["properties"].items()
    )
    return f"| member | value | default | meaning |\n|---|---|---|---|\n{rows}"


def _row(name: str, member: Schema, required: bool) -> str:
    default = member.get("default")
    cells = (
        f"`{name}`",
        _type(name, member),
        "required" if required else "" if default is None else f"`{json.dumps(default)}`",
        member["description"],
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _type(name: str, member: Schema) -> str:
    if "enum" in member:
        return ", ".join(f"`{value}`" for value in member["enum"])
    if name == "mode":
        return "octal number"
    if name in ("within", "timeout"):
        return "time"
    if member["type"] == "array":
        return "list of mappings" if "$ref" in member["items"] else "list of text"
    kinds = [member["type"]] if isinstance(member["type"], str) else member["type"]
    return " or ".join(_KINDS[kind] for kind in kinds)


def _referred(member: Schema) -> str:
    found = member.get("$ref") or member["items"]["$ref"]
    return str(found).removeprefix("#/$defs/")
