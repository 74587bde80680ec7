# SPDX-License-Identifier: Apache-2.0
"""Keep, make, wipe or refuse: a pure function of the filesystem wanted and what a device holds.

Rules: docs/behaviour/disks.md, which are Ignition's.
"""

from __future__ import annotations

from ignition.base.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.system.probe import ProbeResult

KEEP = "keep"
SKIP = "skip"
MAKE = "make"
WIPE = "wipe"
REFUSE = "refuse"

NONE = "none"
VIRTIOFS = "virtiofs"


@record
class Decision:
    """What is done, and why if it is refused.

    `frees`: what the system has built on the device of old signatures is taken down first.
    """

    act: str
    why: str = ""
    frees: bool = False


def reuse(wanted: model.Filesystem, found: ProbeResult) -> Decision:
    """What becomes of a device that holds `found`, for an entry whose format is set."""
    if wanted.wipe_filesystem:
        return anew(wanted)
    why = difference(wanted, found)
    if not found.kind:
        if makes(wanted):
            return Decision(MAKE)
        return Decision(WIPE if why else SKIP)
    return Decision(REFUSE, why) if why else Decision(KEEP)


def makes(wanted: model.Filesystem) -> bool:
    """Whether the entry asks for a filesystem, not for none."""
    return wanted.format not in ("", NONE)


def anew(wanted: model.Filesystem) -> Decision:
    """The decision where nothing that is there counts."""
    return Decision(MAKE if makes(wanted) else WIPE)


def difference(wanted: model.Filesystem, found: ProbeResult) -> str:
    """The first thing in which the device differs from the entry, "" if it matches.

    An unset label does not matter, an empty one must be empty. An empty UUID counts as unset.
    """
    kind = "" if wanted.format in ("", NONE) else wanted.format or ""
    if kind != found.kind:
        return f"it is {found.kind or 'empty'}, not {kind or 'empty'}"
    if wanted.label is not None and wanted.label != found.label:
        return f"its label is {found.label!r}, not {wanted.label!r}"
    if wanted.uuid:
        is_there = canonical_uuid(found.kind, found.uuid)
        should_be = canonical_uuid(kind, wanted.uuid)
        if is_there != should_be:
            return f"its UUID is {is_there}, not {should_be}"
    return ""


def canonical_uuid(kind: str, text: str) -> str:
    """Lower case; a FAT serial number `A1B2-C3D4` without its hyphen."""
    text = text.lower()
    if kind == "vfat" and text[4:5] == "-":
        return text[:4] + text[5:]
    return text


def command(wanted: model.Filesystem, device: str) -> list[str]:
    """The program that makes the filesystem, its name first; the config's options stand before ours.

    So where a tool takes the last of two, the fields of the entry win over its options.
    """
    kind = wanted.format or ""
    program, force, uuid_flag, label_flag = _PROGRAMS[kind]
    words = [program, *wanted.options, *force]
    if wanted.uuid:
        uuid = canonical_uuid(kind, wanted.uuid)
        words += ["-m", f"uuid={uuid}"] if kind == "xfs" else [uuid_flag, uuid]
    if wanted.label:
        words += [label_flag, wanted.label]
    return [*words, device]


# Program, how it is told not to ask and not to discard, its flags for UUID and label. What it discards would
# take the mark of an unfinished filesystem along, so the stage discards before it sets the mark.
_PROGRAMS: dict[str, tuple[str, list[str], str, str]] = {
    "btrfs": ("mkfs.btrfs", ["--force", "-K"], "-U", "-L"),
    "ext4": ("mkfs.ext4", ["-F", "-K"], "-U", "-L"),
    "swap": ("mkswap", ["-f"], "-U", "-L"),
    "vfat": ("mkfs.fat", [], "-i", "-n"),
    "xfs": ("mkfs.xfs", ["-f", "-K"], "", "-L"),
}


def discards(wanted: model.Filesystem) -> bool:
    """Whether the program would let the device forget what it held, as most do unless told otherwise."""
    program = _PROGRAMS[wanted.format or ""]
    return "-K" in program[1] and not any(_forbids_discard(word) for word in wanted.options)


def _forbids_discard(word: str) -> bool:
    return "nodiscard" in word or (word[:1] == "-" and word[1:2] != "-" and "K" in word)


def is_known(kind: str) -> bool:
    """Whether `command` can make this format."""
    return kind in _PROGRAMS
