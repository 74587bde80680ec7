# SPDX-License-Identifier: Apache-2.0
"""Whether a filesystem is kept, created, wiped or refused: pure functions of config and device contents.

The rules are Ignition's: docs/behaviour/disks.md.
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
    """What to do, and the reason if it is refused.

    `stops_holders`: devices that the system has built from old signatures are stopped first.
    """

    act: str
    why: str = ""
    stops_holders: bool = False


def reuse(wanted: model.Filesystem, found: ProbeResult) -> Decision:
    """What happens to a device that holds `found`, for an entry with a format."""
    if wanted.wipe_filesystem:
        return recreate(wanted)
    why = first_difference(wanted, found)
    if not found.kind:
        if wants_filesystem(wanted):
            return Decision(MAKE)
        return Decision(WIPE if why else SKIP)
    return Decision(REFUSE, why) if why else Decision(KEEP)


def wants_filesystem(wanted: model.Filesystem) -> bool:
    """Whether the entry asks for a filesystem rather than for none."""
    return wanted.format not in ("", NONE)


def recreate(wanted: model.Filesystem) -> Decision:
    """The decision that ignores the current contents."""
    return Decision(MAKE if wants_filesystem(wanted) else WIPE)


def first_difference(wanted: model.Filesystem, found: ProbeResult) -> str:
    """The first difference between device and entry, "" if there is none.

    An unset label matches any, an empty one only an empty label. An empty UUID counts as unset.
    """
    kind = "" if wanted.format in ("", NONE) else wanted.format or ""
    if kind != found.kind:
        return f"it is {found.kind or 'empty'}, not {kind or 'empty'}"
    if wanted.label is not None and wanted.label != found.label:
        return f"its label is {found.label!r}, not {wanted.label!r}"
    if wanted.uuid:
        actual = canonical_uuid(found.kind, found.uuid)
        should_be = canonical_uuid(kind, wanted.uuid)
        if actual != should_be:
            return f"its UUID is {actual}, not {should_be}"
    return ""


def canonical_uuid(kind: str, text: str) -> str:
    """Lower case; a FAT volume ID `A1B2-C3D4` without its hyphen."""
    text = text.lower()
    if kind == "vfat" and text[4:5] == "-":
        return text[:4] + text[5:]
    return text


def mkfs_args(wanted: model.Filesystem, device: str) -> list[str]:
    """The mkfs command. Options of the config come first.

    So the fields of the entry take precedence where a tool uses the last of two options.
    """
    kind = wanted.format or ""
    program, force, uuid_flag, label_flag = _PROGRAMS[kind]
    args = [program, *wanted.options, *force]
    if wanted.uuid:
        uuid = canonical_uuid(kind, wanted.uuid)
        args += ["-m", f"uuid={uuid}"] if kind == "xfs" else [uuid_flag, uuid]
    if wanted.label:
        args += [label_flag, wanted.label]
    return [*args, device]


# Program, its flags to force and not to discard, its flags for UUID and label. A discard by mkfs would remove
# the mark of an unfinished filesystem, so the stage discards before it writes the mark.
_PROGRAMS: dict[str, tuple[str, list[str], str, str]] = {
    "btrfs": ("mkfs.btrfs", ["--force", "-K"], "-U", "-L"),
    "ext4": ("mkfs.ext4", ["-F", "-K"], "-U", "-L"),
    "swap": ("mkswap", ["-f"], "-U", "-L"),
    "vfat": ("mkfs.fat", [], "-i", "-n"),
    "xfs": ("mkfs.xfs", ["-f", "-K"], "", "-L"),
}


def should_discard(wanted: model.Filesystem) -> bool:
    """Whether mkfs would discard the device, which most do by default."""
    program = _PROGRAMS[wanted.format or ""]
    return "-K" in program[1] and not any(_forbids_discard(option) for option in wanted.options)


def _forbids_discard(option: str) -> bool:
    return "nodiscard" in option or (option[:1] == "-" and option[1:2] != "-" and "K" in option)


def is_known(kind: str) -> bool:
    """Whether `mkfs_args` supports this format."""
    return kind in _PROGRAMS
