# SPDX-License-Identifier: Apache-2.0
"""Disks before and after a boot as a picture: a bar per disk, partitions in proportion to their sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ignition.testbed.formats.page.labels import WIDTHS, shortened
from ignition.testbed.formats.page.markup import NOTHING, Markup, folded, join, table, tag, text
from ignition.testbed.results import BootRecord, DiskView, PartitionView

_HEIGHT = 44
# Narrowest partition in percent of its disk: it must be seen, and take a number.
_NARROWEST = 2.2
# Disks in the picture, and partitions of a disk.
_DISKS = 32
_PARTITIONS = 40
# Pixels beside a bar for its lane, and between a border and its text.
_LANE = 82
_GAP = 5
_KINDS = {
    "ext": "part-ext",
    "xfs": "part-xfs",
    "btrfs": "part-btrfs",
    "vfat": "part-vfat",
    "swap": "part-swap",
    "raid": "part-raid",
    "linux_raid": "part-raid",
    "luks": "part-luks",
    "crypto": "part-luks",
}


@dataclass(frozen=True)
class _Piece:
    """A partition (`number`), or free space. `share` is in percent."""

    share: float
    size: int
    part: PartitionView | None


def disks(boot: BootRecord, title: str) -> Markup:
    """The picture and the same as a table; nothing if no disks are known."""
    before = {disk.device: disk for disk in boot.disks_before}
    after = {disk.device: disk for disk in boot.disks_after}
    devices = list(dict.fromkeys([*before, *after]))
    if not devices:
        return NOTHING
    caption = f"Disks before and after {title}, each as wide as the page; narrow partitions are drawn wider."
    if len(devices) > _DISKS:
        caption += f" {len(devices) - _DISKS} more disks are in the JSON."
    shown = (_disk(before.get(name), after.get(name)) for name in devices[:_DISKS])
    return join([tag("figure", *shown, tag("figcaption", text(caption))), _listed(boot)])


def size_text(size: int) -> str:
    """`512 MiB`, `9.5 GiB`."""
    value = float(max(size, 0))
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value >= 100 or value == int(value) else f"{value:.1f} {unit}"


def _disk(before: DiskView | None, after: DiskView | None) -> Markup:
    known = after or before
    assert known is not None
    heading = tag(
        "h4",
        tag("code", text(known.device)),
        tag("span", text(f" {size_text(known.size)}"), class_="muted"),
    )
    if before == after:
        return join([heading, _lane("unchanged", known)])
    return join([heading, _lane("before", before), _lane("after", after)])


def _lane(when: str, disk: DiskView | None) -> Markup:
    if disk is None:
        picture = tag("span", text("not there"))
    else:
        picture = tag(
            "svg",
            *_pieces_drawn(disk),
            height=_HEIGHT,
            role="img",
            aria_label=f"{disk.device} {when}: {_said(disk)}",
        )
    return tag("div", tag("span", text(when)), picture, class_="lane")


def _said(disk: DiskView) -> str:
    if not disk.partitions:
        return disk.contents or "empty"
    return "; ".join(_part_said(part) for part in disk.partitions[:_PARTITIONS])


def _part_said(part: PartitionView) -> str:
    facts = [
        part.label,
        size_text(part.size),
        part.contents or "empty",
        f"at {part.path}" if part.path else "",
    ]
    return f"{part.number}: {', '.join(filter(None, facts))}"


def _pieces_drawn(disk: DiskView) -> Iterator[Markup]:
    at = 0.0
    for piece in _pieces(disk):
        yield _piece(piece, at)
        at += piece.share
    if not disk.partitions:
        label = disk.contents or "empty"
        colour = f"part {_colour(disk.contents)}" if disk.contents else "free"
        yield tag("rect", class_=colour, width="100%", height="100%", rx=4)
        yield from _words(label, "", 100, "on-part" if disk.contents else "")


def _pieces(disk: DiskView) -> list[_Piece]:
    """Partitions and the free space between them, in order; the shares sum up to 100."""
    found: list[tuple[int, PartitionView | None]] = []
    end = 0
    for part in sorted(disk.partitions[:_PARTITIONS], key=lambda each: each.start):
        # GPT keeps a MiB free at both ends; only what could hold data is shown.
        if part.start - end > disk.size / 50:
            found.append((part.start - end, None))
        found.append((max(part.size, 0), part))
        end = max(end, part.start + part.size)
    if found and disk.size - end > disk.size / 50:
        found.append((disk.size - end, None))
    total = sum(size for size, _ in found) or 1
    shares = [max(size / total * 100, _NARROWEST) for size, _ in found]
    scale = 100 / sum(shares) if shares else 1
    return [
        _Piece(share * scale, size, part) for share, (size, part) in zip(shares, found, strict=True)
    ]


def _piece(piece: _Piece, at: float) -> Markup:
    """A nested picture clips what does not fit."""
    part = piece.part
    said = _part_said(part) if part else f"free: {size_text(piece.size)}"
    colour = f"part {_colour(part.contents)}" if part else "free"
    if part:
        first = f"{part.number} {part.label}" if part.label else str(part.number)
        facts = [part.contents or "empty", part.path, size_text(part.size)]
        words = _words(first, " · ".join(filter(None, facts)), piece.share, "on-part")
    else:
        words = _words("free", size_text(piece.size), piece.share, "")
    return tag(
        "svg",
        tag("title", text(said)),
        tag("rect", class_=colour, width="100%", height="100%", rx=4),
        *words,
        x=f"{at:.2f}%",
        width=f"{piece.share:.2f}%",
        height=_HEIGHT,
    )


def _words(first: str, second: str, share: float, colour: str) -> Iterator[Markup]:
    """Two lines, or one in the middle, as far as they fit; of the first at least the number."""
    rows = [(first, 19, True), (second, 35, False)] if second else [(first, 27, True)]
    for class_, pixels in WIDTHS:
        room = (pixels - _LANE) * share / 100 - 2 * _GAP
        for words, y, strong in rows:
            shown = shortened(words, room, strong=strong)
            if strong and not shown:
                shown = shortened(words.partition(" ")[0], room, strong=True)
            if shown:
                style = f"{class_} {colour}{' strong' if strong else ''}"
                yield tag("text", text(shown), class_=style, x=_GAP, y=y)


def _colour(contents: str) -> str:
    return next(
        (kind for start, kind in _KINDS.items() if contents.lower().startswith(start)), "part-other"
    )


def _listed(boot: BootRecord) -> Markup:
    rows = [
        (
            tag("code", text(disk.device)),
            text(when),
            text(part.number),
            text(part.label),
            text(size_text(part.size)),
            text(part.contents or "empty"),
            tag("code", text(part.path)) if part.path else NOTHING,
        )
        for when, views in (("before", boot.disks_before), ("after", boot.disks_after))
        for disk in views[:_DISKS]
        for part in disk.partitions[:_PARTITIONS]
    ]
    if not rows:
        return NOTHING
    heads = ("Disk", "When", "No.", "Label", "Size", "Contents", "Mounted at")
    return folded(text("Partitions as a table"), table("Partitions", heads, rows))
