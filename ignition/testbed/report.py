# SPDX-License-Identifier: Apache-2.0
"""Reads the archive that the reporter in the guest sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ignition.base.settings import PHASE_NAMES, UMOUNT
from ignition.testbed.accountfacts import groups, passwd, shadow
from ignition.testbed.archive import load
from ignition.testbed.blockfacts import devices, exports, luks_header
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
    integer,
)
from ignition.testbed.filefacts import guest_files
from ignition.testbed.netfacts import sockets

T = TypeVar("T")
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
    from_images  devices and luks are those of offline_disks: without what is made from other devices
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
    from_images: bool = False
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
            now = (integer(str(entry.get("__MONOTONIC_TIMESTAMP"))) or 0) / 1e6
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
    if not isinstance(text, list):
        return str(text)
    try:
        return bytes(text).decode(errors="replace")
    except (ValueError, TypeError):  # several messages in one entry
        return "\n".join(str(part) for part in text)


def read(archive: Path, console: Path | None = None) -> Report:
    """The report in the archive, or on the console if the archive is empty. A damaged part of it is not
    collected; the report is empty if there is none, or not a complete one.

    Failure (IGN8150, IGN8151) if it is huge or cannot be read.
    """
    return parse(load(archive, console))


def parse(parts: Mapping[str, bytes]) -> Report:
    """The report from the files of the archive."""
    if "state" not in parts:
        return Report()
    text = {
        name: body.decode(errors="replace")
        for name, body in parts.items()
        if not name.endswith(".tar")
    }
    return Report(
        state=text["state"].strip() or "unknown",
        in_initramfs="in-initramfs" in text,
        journal=_journal(text.get("journal.json")),
        journal_cut="journal-cut" in text,
        files=guest_files(parts),
        missing=_missing(parts),
        result=_json(text.get("result.json"), dict),
        failure=text.get("failure", ""),
        engine=_dicts(_json(text.get("engine.json"), list)),
        mounts=_mounts(text),
        blocks=_flat(_json(text.get("blocks.json"), dict), "blockdevices"),
        blkid=exports(text["blkid"]) if "blkid" in text else None,
        devices=devices(*(text.get(name) for name in ("udev", "sysfs", "probe", "mdadm"))),
        luks=_luks(text),
        failed_units=_failed(text.get("failed")),
        units=_units(text),
        reached=_number(text.get("reached")),
        passwd=passwd(text.get("passwd")),
        groups=groups(text.get("group")),
        shadow=shadow(text.get("shadow")),
        sockets=sockets(
            {
                name.removeprefix("net."): body
                for name, body in text.items()
                if name in ("net.tcp", "net.tcp6", "net.udp", "net.udp6")
            }
        ),
        commands=_commands(text),
        cmdline=text["cmdline"].strip() if text.get("cmdline") else None,
        script=_script(text),
    )


def _json(text: str | None, kind: type[T]) -> T | None:
    """The value if the text is JSON of this kind."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def _dicts(values: list[Any] | None) -> list[dict[str, Any]] | None:
    return None if values is None else [value for value in values if isinstance(value, dict)]


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _journal(text: str | None) -> list[dict[str, Any]] | None:
    """The entries; None if there is not even one, as if journalctl is missing or failed."""
    entries = [_json(line, dict) for line in (text or "").splitlines()]
    return [entry for entry in entries if entry is not None] or None


def _mounts(text: Mapping[str, str]) -> list[dict[str, Any]] | None:
    found = _flat(_json(text.get("mounts.json"), dict), "filesystems")
    return found if found else mountinfo(text.get("mountinfo"))


def mountinfo(text: str | None) -> list[dict[str, Any]] | None:
    """/proc/self/mountinfo as findmnt prints it."""
    if not text:
        return None
    mounts = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        words, more = left.split(" "), right.split(" ")
        if len(words) < 6 or len(more) < 3:
            continue
        options = dict.fromkeys([*words[5].split(","), *more[2].split(",")])
        mounts.append(
            {
                "target": _octal(words[4]),
                "source": _octal(more[1]),
                "fstype": more[0],
                "options": ",".join(options),
            }
        )
    return mounts


def _octal(text: str) -> str:
    r"""Resolves \040 as the kernel writes it."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _luks(text: Mapping[str, str]) -> dict[str, LuksHeader] | None:
    if "luks" not in text:
        return None
    return {
        device: luks_header(
            device, text.get(f"luks.{number}.json"), text.get(f"luks.{number}.clevis")
        )
        for number, device in enumerate(text["luks"].splitlines(), start=1)
    }


def _failed(text: str | None) -> list[str] | None:
    """Unit names of `systemctl list-units`. Some versions begin each line with a dot."""
    if text is None:
        return None
    return [words[0] for line in text.splitlines() if (words := line.lstrip("●* ").split())]


def _units(text: Mapping[str, str]) -> dict[str, dict[str, str]]:
    units: dict[str, dict[str, str]] = {}
    for number, name in enumerate(text.get("ask/units", "").splitlines(), start=1):
        shown = text.get(f"unit.{number}")
        facts = dict(line.split("=", 1) for line in (shown or "").splitlines() if "=" in line)
        state = text.get(f"enabled.{number}", "").strip()
        if state and "\n" not in state and not facts.get("UnitFileState"):
            facts["UnitFileState"] = state
        if facts:
            units[name] = facts
    return units


def _commands(text: Mapping[str, str]) -> dict[str, CommandResult]:
    results: dict[str, CommandResult] = {}
    for name, run in text.items():
        folder = name.removesuffix("/run")
        status = integer(text.get(f"{folder}/status", "").strip())
        if name.startswith("ask/commands/") and folder != name and status is not None:
            output = text.get(f"{folder}/output", "")
            # The statuses of timeout(1): 124, and 137 if it had to kill.
            results[run] = CommandResult(status, output, status in (124, 137))
    return results


def _script(text: Mapping[str, str]) -> Script | None:
    status = integer(text.get("script.status", "").strip())
    return None if status is None else Script(status, text.get("script.output", ""))


def _flat(tree: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]] | None:
    """Flattens the tree of lsblk or findmnt, parents first."""
    if tree is None or not isinstance(tree.get(key), list):
        return None
    found: list[dict[str, Any]] = []
    for node in tree[key]:
        if isinstance(node, dict):
            found.append({name: value for name, value in node.items() if name != "children"})
            found += _flat(node, "children") or []
    return found


def _missing(parts: Mapping[str, bytes]) -> frozenset[str]:
    lines = parts.get("missing", b"").decode(errors="surrogateescape").split("\n")
    return frozenset(line for line in lines if line)
