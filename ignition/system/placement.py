# SPDX-License-Identifier: Apache-2.0
"""Chooses the sectors of a partition exactly as GPT fdisk (sgdisk) does.

Ignition calls `sgdisk --pretend`. This implements the rules of `sgdisk --new=N:START:+SIZE` in memory;
tests/unit/system/test_placement.py compares both. All numbers are logical sectors.
"""

from __future__ import annotations

from ignition.system.gpt import Table

MIB = 1 << 20
# GPT fdisk aligns to at least 4 KiB on disks with this many sectors (300 GB of 512 bytes) or more.
_ADVANCED_FORMAT_DISK = 585_937_500
_ADVANCED_FORMAT = 8


class NoSpace(Exception):
    """The partition does not fit there. The text tells what is in the way."""


class Layout:
    """Used and free sectors of one table. `remove` and `add` change it in call order."""

    __slots__ = ("alignment", "capacity", "first", "last", "sector_size", "taken")

    def __init__(self, table: Table, sector_size: int, sectors: int) -> None:
        self.sector_size = sector_size
        self.first = table.first_usable
        self.last = table.last_usable
        self.capacity = table.capacity
        self.taken = {
            partition.number: (partition.start, partition.last) for partition in table.partitions
        }
        self.alignment = alignment(
            [start for start, _ in self.taken.values()], sector_size, sectors
        )

    def remove(self, number: int) -> None:
        """Frees the sectors of a partition."""
        del self.taken[number]

    def add(self, number: int, start: int, size: int) -> tuple[int, int]:
        """Allocates sectors for a new partition. Returns its start and size.

        `start` 0 means the start of the largest free block; `size` 0 extends to the end of that block,
        whatever the start is. An unaligned start is moved, the end is not. Raises NoSpace.
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
            raise NoSpace(self._describe_owner(first) if start else "there is no free space")
        if first > last:
            raise NoSpace(
                f"the largest free block ends at {self._sector(last)}, before {self._sector(first)}"
            )
        end = self._end_of_block(first)
        if end < last:
            requested = format_sectors(last - first + 1, self.sector_size)
            free = format_sectors(end - first + 1, self.sector_size)
            raise NoSpace(
                f"{requested} are requested at {self._sector(first)}, but only {free} are free there"
            )
        self.taken[number] = (first, last)
        return first, last - first + 1

    def _is_free(self, first: int, last: int) -> bool:
        if first < self.first or last > self.last:
            return False
        return not any(start <= last and end >= first for start, end in self.taken.values())

    def _describe_owner(self, sector: int) -> str:
        for number, (start, end) in self.taken.items():
            if start <= sector <= end:
                return f"{self._sector(sector)} belongs to partition {number}"
        return (
            f"{self._sector(sector)} is outside the usable range, "
            f"{self._sector(self.first)} to {self._sector(self.last)}"
        )

    def _sector(self, sector: int) -> str:
        return f"sector {sector} ({format_mib(sector, self.sector_size)})"

    def _first_free(self, start: int) -> int:
        """The first free sector at or after `start`, 0 if there is none."""
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
        """The last sector before the next partition after `start`, whether or not `start` is free."""
        return min([self.last, *(begin - 1 for begin, _ in self.taken.values() if begin > start)])

    def _largest_block(self) -> int:
        """The start of the largest free block, the first one of equal blocks; 0 if the disk is full."""
        best, begin = 0, 0
        start = self._first_free(0)
        while start:
            end = self._end_of_block(start)
            if end - start + 1 > best:
                best, begin = end - start + 1, start
            start = self._first_free(end + 1)
        return begin

    def _align(self, sector: int) -> int:
        """Rounds down if all sectors in between are free, else up on the same condition, else not at all."""
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
    """A number of sectors with its size in MiB, the unit that configs use."""
    return f"{sectors} sectors ({format_mib(sectors, sector_size)})"


def format_mib(sectors: int, sector_size: int) -> str:
    """A number of sectors in MiB, the unit that configs use."""
    whole, rest = divmod(sectors * sector_size, MIB)
    hundredths = rest * 100 // MIB
    return f"{whole}.{hundredths:02} MiB" if rest else f"{whole} MiB"


def alignment(starts: list[int], sector_size: int, sectors: int) -> int:
    """1 MiB, or the largest smaller power of two that all existing partitions are aligned to."""
    result = MIB // sector_size
    for start in starts:
        while start % result:
            result //= 2
    if result < _ADVANCED_FORMAT and sectors >= _ADVANCED_FORMAT_DISK:
        return _ADVANCED_FORMAT
    return result
