# SPDX-License-Identifier: Apache-2.0
"""Keep, assemble, create or refuse an array: pure functions of what the config wants and what runs."""

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
    """What becomes of an array, and why if it is refused."""

    act: str
    why: str = ""


def reuse(
    wanted: model.Raid, members: frozenset[int], belongs: list[Array | None], node: str
) -> Decision:
    """Keep, create or refuse, by the arrays that the members belong to; `node` is what the name leads to.

    Ignition always creates, and fails where a member is running in an array.
    """
    running = next((array for array in belongs if array is not None), None)
    if running is None:
        return Decision(CREATE)
    if not running.is_running:
        return Decision(REFUSE, f"{running.node} is half assembled of some of these devices")
    if running.members != members:
        return Decision(
            REFUSE, f"{running.node} runs on other devices than these, but on some of them"
        )
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
    belongs: list[Array | None],
    own: list[Superblock | None],
    *,
    holds_nothing: bool,
) -> Decision:
    """The decision where a run with this config has begun the array already and nothing uses it.

    `own` holds, for each member, the superblock that such a run wrote. They are written one after the other,
    before the array runs for the first time. So it is complete if all are there; if some are missing and it
    never ran, or holds nothing, its making was cut off. Else a member was lost since: what it holds counts.
    """
    if decision.act == KEEP or any(array and not array.members <= members for array in belongs):
        return decision
    there = [one for one in own if one is not None]
    if len(there) == len(own) and len({one.uuid for one in there}) == 1:
        return Decision(ASSEMBLE)
    if holds_nothing or all(one.events == 0 for one in there):
        return Decision(CREATE)
    return decision
