# SPDX-License-Identifier: Apache-2.0
"""Whether a machine that was provisioned with the old config can get to the new one, for each difference.

docs/diff.md has the same table for people; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
GROWN, SHRUNK = "grown", "shrunk"
LAST = "last removed"
"""The last of several, such as ssh keys: without any, the list is not written."""


class Verdict(Enum):
    """How a running machine can follow, from the easiest to the hardest.

    FIRST_BOOT  nothing to do: only a first boot is affected
    LIVE        by itself: writing files, setting up accounts and units again is enough, and loses nothing
    BY_HAND     by the work of a person who knows what is on the machine
    ANEW        not at all, unless it is provisioned anew
    """

    FIRST_BOOT = "first boot only"
    LIVE = "live"
    BY_HAND = "by hand"
    ANEW = "provision anew"

    @property
    def rank(self) -> int:
        """The place in this order."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Rule:
    """A row of the table. `field` is "" for the whole thing; `changes` are those that it is about."""

    kind: str
    field: str
    changes: tuple[str, ...]
    verdict: Verdict
    reason: str


_ANY = (ADDED, REMOVED, CHANGED)
_SET = (ADDED, CHANGED)
_GONE = (REMOVED,)
_FIRST, _LIVE, _HAND, _ANEW = Verdict
_REUSE = "it only decides what a first boot does with something that exists"
_KEPT = "what the image had is not known any more"
_UNDELETED = "nothing deletes what the first boot made"
_MADE_SO = "it only counts while it is made"


def _node(kind: str) -> tuple[Rule, ...]:
    """What files, directories and symbolic links have in common."""
    return (
        Rule(kind, "", (ADDED,), _LIVE, "it can be made while the machine runs"),
        Rule(kind, "", _GONE, _HAND, _UNDELETED),
        *(
            rule
            for field in ("owner", "group")
            for rule in (
                Rule(kind, field, _SET, _LIVE, "it can be changed while the machine runs"),
                Rule(kind, field, _GONE, _HAND, _KEPT),
            )
        ),
    )


def _mode(kind: str) -> tuple[Rule, ...]:
    return (
        Rule(kind, "mode", _SET, _LIVE, "it can be changed while the machine runs"),
        Rule(kind, "mode", _GONE, _HAND, _KEPT),
    )


RULES: tuple[Rule, ...] = (
    *_node("file"),
    *_mode("file"),
    Rule("file", "contents", _SET, _LIVE, "the file is written again"),
    Rule("file", "contents", _GONE, _HAND, _KEPT),
    Rule("file", "appended", (ADDED,), _LIVE, "it is appended once"),
    Rule("file", "appended", (CHANGED, REMOVED), _HAND, "the old text is already in the file"),
    Rule("file", "type", (CHANGED,), _LIVE, "the file is replaced"),
    Rule("file", "overwrite", _ANY, _FIRST, _REUSE),
    *_node("directory"),
    *_mode("directory"),
    Rule("directory", "type", (CHANGED,), _HAND, "everything in the directory would be lost"),
    Rule(
        *("directory", "overwrite", (ADDED,), _HAND),
        "it deletes what has come into the directory since the first boot",
    ),
    Rule("directory", "overwrite", _GONE, _FIRST, _REUSE),
    *_node("symbolic link"),
    Rule("symbolic link", "target", (CHANGED,), _LIVE, "the link is replaced"),
    Rule("symbolic link", "type", (CHANGED,), _LIVE, "the link is replaced"),
    Rule("symbolic link", "overwrite", _ANY, _FIRST, _REUSE),
    *_node("hard link")[:2],
    Rule("hard link", "target", (CHANGED,), _LIVE, "the link is replaced"),
    Rule("hard link", "type", (CHANGED,), _LIVE, "the link is replaced"),
    Rule("hard link", "overwrite", _ANY, _FIRST, _REUSE),
    Rule("unit", "", (ADDED,), _LIVE, "systemd reloads it; it must be started"),
    Rule("unit", "", _GONE, _HAND, _UNDELETED),
    Rule("unit", "contents", _SET, _LIVE, "systemd reloads it; it must be restarted"),
    Rule("unit", "contents", _GONE, _HAND, _UNDELETED),
    Rule("unit", "drop-in", _SET, _LIVE, "systemd reloads it; the unit must be restarted"),
    Rule("unit", "drop-in", _GONE, _HAND, _UNDELETED),
    Rule(
        *("unit", "enabled", _SET, _LIVE),
        "systemctl enables or disables it; presets only count at the first boot",
    ),
    Rule("unit", "enabled", _GONE, _HAND, "what the image's presets say is not known"),
    Rule("unit", "masked", _SET, _LIVE, "systemctl masks or unmasks it"),
    Rule("unit", "masked", _GONE, _HAND, _UNDELETED),
    Rule("user", "", (ADDED,), _LIVE, "it can be added while the machine runs"),
    Rule("user", "", _GONE, _HAND, _UNDELETED),
    Rule("user", "exists", (ADDED,), _LIVE, "it can be added while the machine runs"),
    Rule("user", "exists", _GONE, _HAND, "it may have processes, and own files"),
    Rule("user", "uid", _ANY, _HAND, "files and processes keep the old number"),
    Rule("user", "home", _ANY, _HAND, "the home must be moved while the user is away"),
    Rule("user", "primary group", _ANY, _HAND, "files keep the old group"),
    *(
        rule
        for field in ("gecos", "shell", "password hash")
        for rule in (
            Rule("user", field, _SET, _LIVE, "it can be changed while the machine runs"),
            Rule("user", field, _GONE, _HAND, "the account keeps what it has"),
        )
    ),
    *(
        rule
        for field, what in (("supplementary group", "groups"), ("ssh key", "keys"))
        for rule in (
            Rule("user", field, (ADDED, REMOVED), _LIVE, f"the list of {what} is set as a whole"),
            Rule("user", field, (LAST,), _HAND, f"without any, the list of {what} is left alone"),
        )
    ),
    *(
        Rule("user", field, (ADDED, REMOVED), _HAND, "it only counts while the account is made")
        for field in ("noCreateHome", "noUserGroup", "noLogInit", "system")
    ),
    Rule("group", "", (ADDED,), _LIVE, "it can be added while the machine runs"),
    Rule("group", "", _GONE, _HAND, _UNDELETED),
    Rule("group", "exists", (ADDED,), _LIVE, "it can be added while the machine runs"),
    Rule("group", "exists", _GONE, _HAND, "files may belong to it"),
    Rule("group", "gid", _ANY, _HAND, "files and processes keep the old number"),
    Rule("group", "password hash", _SET, _LIVE, "it can be changed while the machine runs"),
    Rule("group", "password hash", _GONE, _HAND, "the group keeps what it has"),
    Rule("group", "system", (ADDED, REMOVED), _HAND, "it only counts while the group is made"),
    Rule("disk", "wipeTable", (ADDED,), _ANEW, "everything on the disk would be lost"),
    Rule("disk", "wipeTable", _GONE, _FIRST, _REUSE),
    Rule("disk", "order of partitions", (CHANGED,), _ANEW, "partitions would lie elsewhere"),
    Rule("partition", "", (ADDED,), _HAND, "the disk must have free space for it"),
    Rule("partition", "", _GONE, _HAND, _UNDELETED),
    Rule("partition", "exists", (ADDED,), _HAND, "the disk must have free space for it"),
    Rule("partition", "exists", _GONE, _HAND, "everything on the partition would be lost"),
    Rule("partition", "number", (CHANGED,), _ANEW, "the partition would be another one"),
    Rule(
        *("partition", "number", (ADDED, REMOVED), _HAND),
        "only the machine knows which number the partition got",
    ),
    Rule("partition", "start", _ANY, _ANEW, "a partition with contents cannot be moved"),
    Rule(
        *("partition", "size", (GROWN, REMOVED), _HAND),
        "the disk must have free space behind it, and the filesystem must grow, too",
    ),
    Rule("partition", "size", (SHRUNK, ADDED), _ANEW, "what is behind the new end would be lost"),
    *(
        Rule("partition", field, _ANY, _HAND, "it can be changed in the table of a disk in use")
        for field in ("label", "type", "guid")
    ),
    Rule("partition", "resize", (ADDED, REMOVED), _FIRST, _REUSE),
    Rule("partition", "wipePartitionEntry", (ADDED, REMOVED), _FIRST, _REUSE),
    Rule("array", "", (ADDED,), _HAND, "its devices must be free"),
    Rule("array", "", _GONE, _HAND, _UNDELETED),
    Rule("array", "level", (CHANGED,), _ANEW, "an array with contents keeps its level"),
    Rule("array", "devices", (CHANGED,), _ANEW, "an array with contents keeps its devices"),
    Rule("array", "spares", _ANY, _HAND, "mdadm adds and removes spares"),
    Rule("array", "options", _ANY, _ANEW, _MADE_SO),
    Rule("volume", "", (ADDED,), _HAND, "its device must be free"),
    Rule("volume", "", _GONE, _HAND, _UNDELETED),
    Rule("volume", "device", _ANY, _ANEW, "the contents are on the old device"),
    *(
        Rule("volume", field, _ANY, _HAND, "cryptsetup changes it")
        for field in ("label", "uuid", "key file", "openOptions", "discard")
    ),
    *(
        Rule("volume", field, _ANY, _HAND, "clevis must bind the volume again")
        for field in ("tpm2", "threshold", "pin", "pin config", "needsNetwork")
    ),
    Rule(
        "volume", "tang server", (ADDED, REMOVED, LAST), _HAND, "clevis must bind the volume again"
    ),
    Rule("volume", "cex", (ADDED, REMOVED), _ANEW, "the volume has another kind of key"),
    Rule("volume", "options", _ANY, _ANEW, _MADE_SO),
    Rule("volume", "wipeVolume", (ADDED,), _ANEW, "everything on the volume would be lost"),
    Rule("volume", "wipeVolume", _GONE, _FIRST, _REUSE),
    Rule("filesystem", "", (ADDED,), _HAND, "what is on the device would be lost"),
    Rule("filesystem", "", _GONE, _HAND, _UNDELETED),
    Rule("filesystem", "format", _ANY, _ANEW, "everything on the filesystem would be lost"),
    Rule("filesystem", "label", _ANY, _HAND, "the filesystem's own tool changes it"),
    Rule("filesystem", "uuid", _ANY, _HAND, "the filesystem's own tool changes it"),
    Rule("filesystem", "mounted at", _ANY, _HAND, "files below the path must be moved"),
    Rule("filesystem", "options", _ANY, _ANEW, _MADE_SO),
    Rule("filesystem", "mountOptions", _ANY, _FIRST, "they are those of the first boot's mount"),
    Rule("filesystem", "wipeFilesystem", (ADDED,), _ANEW, "everything on it would be lost"),
    Rule("filesystem", "wipeFilesystem", _GONE, _FIRST, _REUSE),
    Rule(
        "kernel argument", "", (ADDED,), _HAND, "the boot loader must be set up, and a reboot done"
    ),
    Rule("kernel argument", "", _GONE, _HAND, "nothing takes it back from the boot loader"),
    Rule(
        *("kernel argument", "exists", (ADDED, REMOVED), _HAND),
        "the boot loader must be set up, and a reboot done",
    ),
    Rule(
        *("kernel arguments", "order", (CHANGED,), _HAND),
        "the boot loader must be set up, and a reboot done",
    ),
    Rule("settings", "", _ANY, _FIRST, "only a first boot fetches anything"),
)


def rule_for(kind: str, field: str, change: str) -> Rule:
    """The row for a difference. A drop-in's field has its name behind it; settings share one row."""
    known = "drop-in" if field.startswith("drop-in ") else field
    if kind == "settings":
        known = ""
    key = (kind, known, change)
    found = _BY_KEY.get(key)
    assert found is not None, f"no rule for {key}"
    return found


_BY_KEY = {(rule.kind, rule.field, change): rule for rule in RULES for change in rule.changes}
