# SPDX-License-Identifier: Apache-2.0
"""Whether a volume is kept, resumed, formatted or refused: pure functions of the config and of what is there.

A run marks the header of each volume with a token that names the config, the volume and how far it came. A
volume that was begun has nothing of value inside yet, so a repeated run starts over. Between luksFormat and
the token, the volume's UUID tells the same.
"""

from __future__ import annotations

from ignition.base.record import record
from ignition.config import limits

from ..common import guids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.config import model
    from ignition.system.luks2 import Header
    from ignition.system.probe import ProbeResult

    from .keys import Key

KEEP = "keep"
RESUME = "resume"
FORMAT = "create"
REFUSE = "refuse"
DEFER = "defer"

TOKEN_TYPE = "ignition-firstboot"  # noqa: S105
BEGUN = "begun"
READY = "ready"

# luksFormat updates a header three times. With a token, and opened once, a volume has more updates.
_UPDATES_OF_FORMAT = 5
_DISCARD = "allow-discards"
# Option of luksOpen -> flag in the header.
_FLAGS = {
    "--allow-discards": _DISCARD,
    "--perf-same_cpu_crypt": "same-cpu-crypt",
    "--perf-submit_from_crypt_cpus": "submit-from-crypt-cpus",
    "--perf-no_read_workqueue": "no-read-workqueue",
    "--perf-no_write_workqueue": "no-write-workqueue",
    "--integrity-no-journal": "no-journal",
}


@record
class Stored:
    """A key from the real root, or why there is none."""

    key: Key | None
    problem: str = ""


@record
class Decision:
    """What to do with a volume, and why it is refused.

    `half_made`: another config left it unfinished. `key`: the one that the real root has, which opens it.
    `needs`: the resources that a decision must wait for.
    """

    act: str
    why: str = ""
    half_made: bool = False
    key: Key | None = None
    needs: tuple[str, ...] = ()


@record
class Found:
    """What is on a volume's device.

    header   the LUKS header, None without one
    content  what blkid finds on a device without a header
    mark     how far a run with this config came: BEGUN, READY or ""
    is_open  the volume is open under its name
    is_held  its key is held for the files phase
    """

    header: Header | None
    content: ProbeResult
    mark: str
    is_open: bool
    is_held: bool


def reuse(wanted: model.Luks, found: Found, stored: Stored | None = None) -> Decision:
    """What to do with a volume that may be there already. Whether its key opens it is not decided here.

    `stored`: what the real root has, where `needs_stored_key` says so.
    """
    if wanted.wipe_volume:
        return Decision(FORMAT)
    if found.mark == BEGUN:
        return _resume(wanted, found)
    if found.mark == READY:
        return _keep_finished(wanted, found, stored)
    header = found.header
    if header is None:
        if found.content.kind:
            return Decision(REFUSE, f"the device holds {found.content}")
        return Decision(FORMAT)
    why = difference(wanted, header)
    token = own_token(header)
    half_made = token is not None and header.tokens[token].get("state") != READY
    return Decision(REFUSE, why, half_made=half_made) if why else Decision(KEEP)


def _resume(wanted: model.Luks, found: Found) -> Decision:
    # A complete volume waits for its generated key to reach the real root; in this boot, the key is held.
    if found.is_held and is_ready_late(wanted) and not wanted.cex.enabled:
        return Decision(KEEP)
    return Decision(RESUME)


def _keep_finished(wanted: model.Luks, found: Found, stored: Stored | None) -> Decision:
    if stored is not None and stored.key is not None:
        return Decision(KEEP, key=stored.key)
    if found.is_open or found.is_held or has_own_key(wanted) or has_clevis(wanted):
        return Decision(KEEP)
    problem = (
        stored.problem if stored is not None else "it is in the zkey repository of the real root"
    )
    return Decision(
        REFUSE, f"an earlier run has completed it, and its key cannot be had: {problem}"
    )


def needs_stored_key(wanted: model.Luks, found: Found) -> bool:
    """Whether the only copy of the volume's key is in the real root."""
    late = is_ready_late(wanted) and not wanted.cex.enabled
    return late and found.mark == READY and not found.is_held and not wanted.wipe_volume


def difference(wanted: model.Luks, header: Header) -> str:
    """Why a volume of unknown origin cannot be reused as what the config wants; "" if it can.

    As in Ignition, except that a UUID counts in any case and that an empty label or UUID counts as unset.
    """
    if header.version != 2:
        return f"it is LUKS{header.version}, not LUKS2"
    if has_clevis(wanted):
        return "what Clevis bound it to cannot be compared with the config"
    if not has_own_key(wanted):
        return "a volume without keyFile.source gets a new key, which an existing one does not have"
    if wanted.label and wanted.label != header.label:
        return f"its label is {header.label!r}"
    if wanted.uuid and wanted.uuid.lower() != header.uuid.lower():
        return f"its UUID is {header.uuid}"
    discards = _DISCARD in header.flags
    if discards != bool(wanted.discard):
        return f"its header {'allows' if discards else 'does not allow'} discards"
    return ""


def has_own_key(wanted: model.Luks) -> bool:
    """Whether the config gives a key file."""
    return bool(wanted.key_file.source)


def has_clevis(wanted: model.Luks) -> bool:
    """Whether Clevis unlocks the volume."""
    return limits.has_clevis(wanted.raw)


def is_ready_late(wanted: model.Luks) -> bool:
    """Whether the volume is of use only once the files phase has stored its key in the real root."""
    return not has_own_key(wanted) and not has_clevis(wanted)


def keeps_flags(wanted: model.Luks, header: Header) -> bool:
    """Whether opening the volume with the options of the config would leave the flags of its header alone."""
    options = [*wanted.open_options, *(["--allow-discards"] if wanted.discard else [])]
    if any(option not in _FLAGS for option in options):
        return False
    return {_FLAGS[option] for option in options} == set(header.flags)


def new_token(name: str, digest: str, state: str) -> dict[str, Any]:
    """Our mark for the header of volume `name`."""
    return {
        "type": TOKEN_TYPE,
        "keyslots": [],
        "config": digest,
        "volume": name,
        "state": state,
    }


def own_token(header: Header) -> str | None:
    """The number of our token in a header, whichever config wrote it; None if it has none."""
    return next(
        (number for number, token in header.tokens.items() if token.get("type") == TOKEN_TYPE), None
    )


def mark(header: Header, digest: str, wanted: model.Luks) -> str:
    """How far a run with this config came with the volume: BEGUN, READY, or "" for a foreign volume."""
    if not digest:
        return ""
    states = [
        token.get("state")
        for token in header.tokens.values()
        if (token.get("type"), token.get("config"), token.get("volume"))
        == (TOKEN_TYPE, digest, wanted.name)
    ]
    if states:
        return READY if READY in states else BEGUN
    # Somebody may have removed our token from a volume in use: only a header right after luksFormat counts.
    fresh = not header.tokens and header.updates <= _UPDATES_OF_FORMAT
    return BEGUN if fresh and _has_own_uuid(header, digest, wanted) else ""


def new_uuid(digest: str, wanted: model.Luks) -> str:
    """The UUID for luksFormat, by which a repeated run recognises the volume; "" without a digest."""
    return guids.new_guid(digest, _entry(wanted)).lower() if digest else ""


def _has_own_uuid(header: Header, digest: str, wanted: model.Luks) -> bool:
    return is_uuid(header.uuid) and guids.matches(header.uuid, digest, _entry(wanted))


def _entry(wanted: model.Luks) -> str:
    return f"{wanted.name} volume"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in the notation that cryptsetup takes."""
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        digit in "0123456789abcdefABCDEF" for part in parts for digit in part
    )


def split_uuid(options: list[str]) -> tuple[list[str], str]:
    """Options of luksFormat without `--uuid`, and its value, which counts instead of the config's `uuid`.

    Everything stays in the options if the value is not a UUID, so that cryptsetup says what is wrong.
    """
    kept: list[str] = []
    uuid = ""
    rest = iter(options)
    for option in rest:
        name, mark, value = option.partition("=")
        if name != "--uuid":
            kept.append(option)
            continue
        uuid = value if mark else next(rest, "")
        if not is_uuid(uuid):
            return list(options), ""
    return kept, uuid


def final_uuid(wanted: model.Luks) -> str:
    """The UUID that the volume must have in the end, "" for any."""
    return split_uuid(wanted.options)[1] or wanted.uuid or ""
