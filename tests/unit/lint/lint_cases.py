# SPDX-License-Identifier: Apache-2.0
"""Helpers for tests of lint rules: building small configs, and findings as short strings."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any
from urllib.parse import quote

from ignition.lint.finding import LintFinding
from ignition.lint.run import lint


def config(version: str = "3.6.0", **sections: Any) -> bytes:
    """The JSON of a config with these sections."""
    ignition = {"version": version, **sections.pop("ignition", {})}
    return json.dumps({"ignition": ignition, **sections}).encode()


def linted(version: str = "3.6.0", platform: str = "", **sections: Any) -> list[LintFinding]:
    return lint(config(version, **sections), "test.ign", platform=platform)


def codes(version: str = "3.6.0", **sections: Any) -> list[str]:
    """The findings as `IGN1851 /storage/files/0/mode`."""
    return [f"{each.code} {each.origin.pointer}" for each in linted(version, **sections)]


def url(text: str | bytes) -> str:
    return "data:," + quote(text)


def zipped(text: str) -> dict[str, Any]:
    """A compressed resource."""
    body = base64.b64encode(gzip.compress(text.encode())).decode()
    return {"compression": "gzip", "source": f"data:;base64,{body}"}


def file(path: str, text: str | bytes = "", **members: Any) -> dict[str, Any]:
    """A file with inline contents."""
    return {"path": path, "contents": {"source": url(text)}, **members}


def of_file(path: str, text: str | bytes = "", **members: Any) -> list[str]:
    """The findings on a config with one file: `IGN1851 mode`, and `IGN1952 2:3` inside the contents."""
    return _short(linted(storage={"files": [file(path, text, **members)]}), "/storage/files/0/")


def of_storage(**lists: Any) -> list[str]:
    """The findings on these lists of storage: `IGN1821 filesystems/0/device`."""
    return _short(linted(storage=lists), "/storage/")


def of_user(**members: Any) -> list[str]:
    user = {"name": "ada", **members}
    return _short(linted(passwd={"users": [user]}), "/passwd/users/0/")


def of_unit(name: str, contents: str, *dropins: str) -> list[str]:
    """The findings on a unit and its drop-ins, with the line and column in them: `IGN1912 a.service 3:1`."""
    parts = [{"name": f"{n}.conf", "contents": text} for n, text in enumerate(dropins)]
    unit = {"name": name, "contents": contents, "dropins": parts}
    return _inner(linted(systemd={"units": [unit]}))


def of_units(*units: dict[str, Any], **sections: Any) -> list[str]:
    found = linted(systemd={"units": list(units)}, **sections)
    return [f"{each.code} {each.origin.pointer.removeprefix('/systemd/units/')}" for each in found]


def _inner(found: list[LintFinding]) -> list[str]:
    return [
        f"{each.code} {each.inner.name} {each.inner.line}:{each.inner.column}"
        if each.inner
        else f"{each.code} {each.origin.pointer}"
        for each in found
    ]


def _short(found: list[LintFinding], prefix: str) -> list[str]:
    lines = []
    for each in found:
        assert each.origin.pointer.startswith(prefix), each
        if each.inner:
            lines.append(f"{each.code} {each.inner.line}:{each.inner.column}")
        else:
            lines.append(f"{each.code} {each.origin.pointer.removeprefix(prefix)}")
    return lines
