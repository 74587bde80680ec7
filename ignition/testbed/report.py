# SPDX-License-Identifier: Apache-2.0
"""Reads the archive that the reporter in the guest sent."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ignition.base.settings import PHASE_NAMES, UMOUNT
from ignition.testbed.facts import (
    Account,
    CommandResult,
    Device,
    GroupEntry,
    GuestFile,
    LuksHeader,
    Phase,
    Script,
    Socket,
)

KINDS = {
    "f": "file",
    "d": "directory",
    "l": "link",
    "b": "block",
    "c": "character",
    "p": "fifo",
    "s": "socket",
}
"""The letters of find's %y."""
UNIT_STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
UNIT_STARTED = "39f53479d3a045ac8e11786248231fbf"
UNIT_FAILED = "be02cf6855d2428ba40df7e9d022f03d"
"""MESSAGE_ID of systemd's journal entries, from sd-messages.h."""
PHASES = tuple(name for name in PHASE_NAMES if name != UMOUNT)
"""The phases with a unit. umount runs when the mount unit stops."""


@dataclass(frozen=True)
class Report:
    """What the guest found out about itself after a boot. All is None for a guest that did not report; a
    fact that is None was not collected.

    state        the output of `systemctl is-system-running`, or "emergency"; "" if it did not report
    journal      all entries of this boot; `journal_cut`: the last ones are missing
    files        the paths that were asked for and exist; `missing` are those that do not exist
    result       the result file of the engine, or of Ignition
    failure      the cause that the engine left for the emergency shell
    engine       the engine's report.json: one entry per phase
    shadow       user -> password field of /etc/shadow
    units        the asked units: name -> properties of `systemctl show`
    reached      seconds since power-on when the boot had reached its default target
    luks         the LUKS devices, by the path of the device
    commands     the asked commands, by their text
    """

    state: str = ""
    in_initramfs: bool = False
    journal: list[dict[str, Any]] | None = field(default=None, repr=False)
    journal_cut: bool = False
    files: Mapping[str, GuestFile] | None = field(default=None, repr=False)
    missing: frozenset[str] = frozenset()
    result: dict[str, Any] | None = None
    failure: str = ""
    engine: list[dict[str, Any]] | None = field(default=None, repr=False)
    mounts: list[dict[str, Any]] | None = field(default=None, repr=False)
    blocks: list[dict[str, Any]] | None = field(default=None, repr=False)
    blkid: list[dict[str, str]] | None = field(default=None, repr=False)
    devices: tuple[Device, ...] | None = field(default=None, repr=False)
    luks: Mapping[str, LuksHeader] | None = field(default=None, repr=False)
    failed_units: list[str] | None = None
    units: Mapping[str, Mapping[str, str]] | None = field(default=None, repr=False)
    reached: float | None = None
    passwd: Mapping[str, Account] | None = field(default=None, repr=False)
    groups: Mapping[str, GroupEntry] | None = field(default=None, repr=False)
    shadow: Mapping[str, str] | None = field(default=None, repr=False)
    sockets: tuple[Socket, ...] | None = None
    commands: Mapping[str, CommandResult] | None = None
    cmdline: str | None = None
    script: Script | None = None

    def log(self, name: str = "ignition") -> str:
        """The lines of one syslog identifier or unit."""
        return "\n".join(
            message(entry)
            for entry in self.journal or ()
            if name
            in (entry.get("SYSLOG_IDENTIFIER"), entry.get("_SYSTEMD_UNIT"), entry.get("UNIT"))
        )

    def phases(self) -> dict[str, Phase]:
        """The phases whose units were started, in order."""
        began: dict[str, float] = {}
        ended: dict[str, Phase] = {}
        for entry in self.journal or ():
            unit = str(entry.get("UNIT", ""))
            name = unit.removeprefix("ignition-").removesuffix(".service")
            if name not in PHASES:
                continue
            now = int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6
            what = entry.get("MESSAGE_ID")
            if what == UNIT_STARTING:
                began[name] = now
                ended[name] = Phase(now, 0.0, "running")
            elif what in (UNIT_STARTED, UNIT_FAILED) and name in began:
                outcome = "success" if what == UNIT_STARTED else "failed"
                ended[name] = Phase(began[name], now - began[name], outcome)
        return ended


def message(entry: Mapping[str, Any]) -> str:
    """The text of a journal entry. journalctl prints text that is not UTF-8 as a list of numbers."""
    text = entry.get("MESSAGE") or ""
    return bytes(text).decode(errors="replace") if isinstance(text, list) else str(text)


def read(archive: Path) -> Report:
    """Parses the archive. The report is empty if the archive is incomplete."""
    if not archive.exists() or archive.stat().st_size == 0:
        return Report()
    try:
        with tarfile.open(archive) as tar:
            parts = {name.removeprefix("./"): _body(tar, name) for name in tar.getnames()}
    except tarfile.ReadError:
        return Report()
    if "complete" not in parts:
        return Report()
    text = {
        name: body.decode(errors="replace") for name, body in parts.items() if name != "bodies.tar"
    }
    return Report(
        state=text["state"].strip(),
        in_initramfs="in-initramfs" in text,
        journal=[json.loads(line) for line in text["journal.json"].splitlines()],
        files=_files(parts.get("facts", b""), archive.parent, parts.get("bodies.tar", b"")),
        result=json.loads(text["result.json"]) if "result.json" in text else None,
        failure=text.get("failure", ""),
        mounts=_flat(json.loads(text["mounts.json"] or "{}").get("filesystems", [])),
        blocks=_flat(json.loads(text["blocks.json"] or "{}").get("blockdevices", [])),
        blkid=_blkid(text["blkid"]),
        failed_units=[line.split()[0] for line in text["failed"].splitlines() if line.split()],
        script=Script(int(text["script.status"]), text["script.output"])
        if "script.status" in text
        else None,
    )


def _body(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    return file.read() if file is not None else b""


def _files(facts: bytes, folder: Path, bodies: bytes) -> dict[str, GuestFile]:
    contents: dict[str, bytes] = {}
    if bodies:
        (folder / "bodies.tar").write_bytes(bodies)
        with tarfile.open(folder / "bodies.tar") as tar:
            contents = {f"/{name}": _body(tar, name) for name in tar.getnames()}
    found: dict[str, GuestFile] = {}
    for record in facts.decode(errors="surrogateescape").split("\0")[:-1]:
        words, target, path = record.split("\t", 2)
        kind, mode, uid, gid, size, inode, mtime = words.split(" ")
        found[path] = GuestFile(
            *(path, KINDS.get(kind, kind), int(mode, 8), int(uid), int(gid), int(size)),
            *(int(inode), mtime, target, contents.get(path, b"")),
        )
    return found


def _flat(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Flattens the tree of lsblk or findmnt, parents first."""
    return [
        entry
        for node in tree
        for entry in (
            {key: value for key, value in node.items() if key != "children"},
            *_flat(node.get("children", [])),
        )
    ]


def _blkid(text: str) -> list[dict[str, str]]:
    """Parses `blkid --output export`: per device a block of NAME=value lines."""
    return [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in text.strip().split("\n\n")
        if block
    ]
