# SPDX-License-Identifier: Apache-2.0
"""Where a partition comes to lie: the same sectors that GPT fdisk (sgdisk) would choose.

The original asks `sgdisk --pretend`; its rules, as `sgdisk --new=N:START:+SIZE` applies them, are worked out
here in memory. tests/unit/system/test_placement.py holds both side by side. All numbers are logical sectors.
"""

from __future__ import annotations

from ignition.system.gpt import Table

MIB = 1 << 20
# From this many sectors on (300 GB of 512 bytes), partitions of old disks are aligned to 4 KiB at least.
_ADVANCED_FORMAT_DISK = 585_937_500
_ADVANCED_FORMAT = 8


class NoSpace(Exception):
    """The partition cannot lie there. The text says what is in the way."""


class Layout:
    """Taken and free sectors of one table, changed by `remove` and `add` in the order of the calls."""

    __slots__ = ("alignment", "capacity", "first", "last", "sector_size", "taken")

    def __init__(self, table: Table, sector_size: int, sectors: int) -> None:
        self.sector_size = sector_size
        self.first = table.first_usable
        self.last = table.last_usable
        self.capacity = table.capacity
        self.taken = {one.number: (one.start, one.last) for one in table.partitions}
        self.alignment = alignment(
            [start for start, _ in self.taken.values()], sector_size, sectors
        )

    def remove(self, number: int) -> None:
        """Frees the sectors of a partition."""
        del self.taken[number]

    def add(self, number: int, start: int, size: int) -> tuple[int, int]:
        """Takes sectors for a new partition and returns its start and size.

        `start` 0 is the begin of the largest free block, `size` 0 reaches to the end of that block, whatever
        the start is. A start off the alignment moves, the end does not. Raises NoSpace.
        """
        if number > self.capacity:
            raise NoSpace(f"the table has only {self.capacity} entries")
        if number in self.taken:
            raise NoSpace(f"partition {number} exists")
        block = self._align(self._largest_block())
        first = start or block
        last = first + size - 1 if size else self._end_of_block(block)
        first = self._align(first)
        if not self._is_free(first, first):
            raise NoSpace(self._what_is_at(first) if start else "there is no free space")
        if first > last:
            raise NoSpace(
                f"the largest free block ends at {self._place(last)}, before {self._place(first)}"
            )
        end = self._end_of_block(first)
        if end < last:
            raise NoSpace(
                f"{format_sectors(last - first + 1, self.sector_size)} are wanted at {self._place(first)}, "
                f"and {format_sectors(end - first + 1, self.sector_size)} are free there"
            )
        self.taken[number] = (first, last)
        return first, last - first + 1

    def _is_free(self, first: int, last: int) -> bool:
        if first < self.first or last > self.last:
            return False
        return not any(start <= last and end >= first for start, end in self.taken.values())

    def _what_is_at(self, sector: int) -> str:
        for number, (start, end) in self.taken.items():
            if start <= sector <= end:
                return f"{self._place(sector)} belongs to partition {number}"
        return (
            f"{self._place(sector)} is outside of {self._place(self.first)} to {self._place(self.last)}, "
            "which partitions may use"
        )

    def _place(self, sector: int) -> str:
        return f"sector {sector} ({format_mib(sector, self.sector_size)})"

    def _first_free(self, start: int) -> int:
        """The first free sector from `start` on, 0 if there is none."""
        first = max(start, self.first)
        moved = True
        while moved:
            moved = False
            for begin, end in self.taken.values():
                if begin <= first <= end:
                    first = end + 1
                    moved = True
        return first if first <= self.last else 0

    def _end_of_block(self, start: int) -> int:
        """The last sector before the next partition behind `start`, whether or not `start` is free."""
        return min([self.last, *(begin - 1 for begin, _ in self.taken.values() if begin > start)])

    def _largest_block(self) -> int:
        """The begin of the largest free block, the first of equal ones; 0 on a full disk."""
        best, begin = 0, 0
        start = self._first_free(0)
        while start:
            end = self._end_of_block(start)
            if end - start + 1 > best:
                best, begin = end - start + 1, start
            start = self._first_free(end + 1)
        return begin

    def _align(self, sector: int) -> int:
        """Down to the alignment if all between is free, else up under the same condition, else unmoved."""
        earlier = sector - sector % self.alignment
        if earlier == sector:
            return sector
        if earlier >= self.first and self._is_free(earlier, sector - 1):
            return earlier
        later = earlier + self.alignment
        if later <= self.last and self._is_free(sector + 1, later):
            return later
        return sector


def format_sectors(sectors: int, sector_size: int) -> str:
    """So many sectors, in MiB too: that is how configs count."""
    return f"{sectors} sectors ({format_mib(sectors, sector_size)})"


def format_mib(sectors: int, sector_size: int) -> str:
    """Sectors as configs count, in MiB."""
    whole, rest = divmod(sectors * sector_size, MIB)
    hundredths = rest * 100 // MIB
    return f"{whole}.{hundredths:02} MiB" if rest else f"{whole} MiB"


def alignment(starts: list[int], sector_size: int, sectors: int) -> int:
    """1 MiB, or the largest smaller power of two that all partitions on the disk keep to."""
    result = MIB // sector_size
    for start in starts:
        while start % result:
            result //= 2
    if result < _ADVANCED_FORMAT and sectors >= _ADVANCED_FORMAT_DISK:
        return _ADVANCED_FORMAT
    return result
