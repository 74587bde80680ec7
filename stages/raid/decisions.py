# SPDX-License-Identifier: Apache-2.0
"""Whether an array is kept, assembled, created or refused: pure functions of config and running arrays."""

from __future__ import annotations

from ignition.base.record import record
from ignition.system import arrays

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.config import model
    from ignition.system.arrays import Array
    from ignition.system.mdsuper import Superblock

KEEP = "keep"
ASSEMBLE = "assemble"
CREATE = "create"
REFUSE = "refuse"


@record
class Decision:
    """What to do with an array, and the reason if it is refused."""

    act: str
    why: str = ""


def reuse(
    wanted: model.Raid, members: frozenset[int], current: list[Array | None], node: str
) -> Decision:
    """Keep, create or refuse. `current` has each member's array, `node` is what the wanted name resolves to.

    Ignition always creates, and fails if a member is in a running array.
    """
    running = next((array for array in current if array is not None), None)
    if running is None:
        return Decision(CREATE)
    if not running.is_running:
        return Decision(
            REFUSE, f"{running.node} is only partly assembled from some of these devices"
        )
    if running.members != members:
        return Decision(REFUSE, f"{running.node} runs on other devices, some of which are the same")
    if running.level != arrays.canonical_level(wanted.level or ""):
        return Decision(REFUSE, f"{running.node} runs on these devices with level {running.level}")
    if running.raid_disks != len(members) - (wanted.spares or 0):
        return Decision(
            REFUSE, f"{running.node} runs with {running.raid_disks} devices besides spares"
        )
    if running.node != node:
        return Decision(REFUSE, f"{running.node} runs on these devices under another name")
    return Decision(KEEP)


def resume(
    decision: Decision,
    members: frozenset[int],
    current: list[Array | None],
    own: list[Superblock | None],
    *,
    are_empty: bool,
) -> Decision:
    """The decision if a run with this config has already begun the array and nothing uses it.

    `own` has the superblock that such a run wrote to each member. mdadm writes them one after the other,
    before the array runs for the first time. If all are present, the array is complete. If some are missing
    and it has never run or is empty, its creation was interrupted. Otherwise a member was lost later, and its
    contents count.
    """
    if decision.act == KEEP or any(array and not array.members <= members for array in current):
        return decision
    there = [superblock for superblock in own if superblock is not None]
    if len(there) == len(own) and len({superblock.uuid for superblock in there}) == 1:
        return Decision(ASSEMBLE)
    if are_empty or all(superblock.events == 0 for superblock in there):
        return Decision(CREATE)
    return decision
