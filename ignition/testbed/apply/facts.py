# SPDX-License-Identifier: Apache-2.0
"""Turns what the collector found into the report that a guest would have sent."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ignition.testbed.facts import Account, GroupEntry, GuestFile
from ignition.testbed.report import Report


def read(file: Path) -> Report:
    """The report. What only a running machine knows is None."""
    found = json.loads(file.read_text())
    if not found["provisioned"]:
        return Report(
            state="emergency",
            in_initramfs=True,
            failure=found["failure"],
            engine=found["engine"],
        )
    return Report(
        state="applied",
        files={entry["path"]: _file(entry) for entry in found["files"]},
        missing=frozenset(found["missing"]),
        result=json.loads(found["result"]) if found["result"] else None,
        engine=found["engine"],
        units=found["units"],
        passwd={row[0]: _account(row) for row in _rows(found["passwd"], 7)},
        groups={row[0]: _group(row) for row in _rows(found["group"], 4)},
        shadow={row[0]: row[1] for row in _rows(found["shadow"], 2)},
    )


def _file(entry: Mapping[str, Any]) -> GuestFile:
    return GuestFile(**{**entry, "data": base64.b64decode(entry.get("data", ""))})


def _rows(table: str, fields: int) -> Iterator[list[str]]:
    """The lines of a table of accounts that have enough fields; ids must be numbers."""
    for line in table.splitlines():
        row = line.split(":")
        if len(row) >= fields and (fields == 2 or row[2].isdecimal()):
            yield row


def _account(row: list[str]) -> Account:
    name, _, uid, gid, gecos, home, shell = row[:7]
    return Account(name, int(uid), int(gid) if gid.isdecimal() else -1, gecos, home, shell)


def _group(row: list[str]) -> GroupEntry:
    return GroupEntry(row[0], int(row[2]), tuple(filter(None, row[3].split(","))))
