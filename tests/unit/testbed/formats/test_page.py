# SPDX-License-Identifier: Apache-2.0
"""The page without a browser: colours, pictures by numbers, limits."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ignition.testbed.formats.html import page
from ignition.testbed.formats.page.disks import disks, size_text
from ignition.testbed.formats.page.labels import drawn_width, shortened
from ignition.testbed.formats.page.markup import tag, text
from ignition.testbed.formats.page.style import COLOURS, TEXT_ON, css
from ignition.testbed.formats.page.timeline import timeline
from ignition.testbed.results import BootRecord, DiskView, PartitionView, StepTime
from tests.support import sample_results as sample

GIB = 1 << 30


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_ON)
def test_text_stands_out_from_its_background(front: str, back: str, scheme: int) -> None:
    dark, light = sorted(luminance(COLOURS[role][scheme]) for role in (front, back))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_style_sheet_has_no_colours_or_addresses_of_its_own() -> None:
    layout = re.sub(r"--[\w-]+:#[0-9a-f]{6};", "", css())
    assert re.findall(r"#[0-9a-fA-F]{3,}|rgb|url\(|@import|http", layout) == []
    assert set(re.findall(r"var\(--([\w-]+)\)", layout)) <= {*COLOURS, "sans"}


def test_markup_escapes_text_and_attributes() -> None:
    assert tag("p", text('<a & "b">\x00'), title='"><script>', hidden=True, open=False) == (
        '<p title="&quot;&gt;&lt;script&gt;" hidden>&lt;a &amp; &quot;b&quot;&gt;\\x00</p>'
    )


# timeline


def svg(markup: str) -> ET.Element:
    """The first picture, which must be well-formed."""
    found = re.search(r"<figure>.*?</figure>", markup, re.DOTALL)
    assert found
    return next(ET.fromstring(found[0]).iter("svg"))


def bars(markup: str) -> dict[str, tuple[float, float]]:
    """Tooltip -> start and end in percent."""
    found = {}
    for group in svg(markup).iter("g"):
        rect = group.find("rect")
        assert rect is not None
        start, width = (float(rect.attrib[name].rstrip("%")) for name in ("x", "width"))
        found[(group.findtext("title") or "").split(":")[0]] = (start, start + width)
    return found


def test_timeline_is_drawn_to_scale() -> None:
    boot = BootRecord(
        40.0,
        "multi-user",
        (StepTime("disks", 10.0, 20.0),),
        (StepTime("make", 20.0, 4.0, phase="disks"),),
    )
    found = bars(timeline(boot, "the boot"))
    assert found["disks"] == (25.0, 75.0)
    assert found["make"] == (50.0, 60.0)
    assert found["The boot took 40 s and reached multi-user."] == (0.0, 100.0)


@pytest.mark.parametrize(
    "span",
    [
        pytest.param(StepTime("x", 50.0, 10.0), id="after the end"),
        pytest.param(StepTime("x", 3.0, -1.0), id="backwards"),
        pytest.param(StepTime("x", -3.0, 1.0), id="before power-on"),
        pytest.param(StepTime("x", 40.0, 0.0), id="no time at the end"),
        pytest.param(StepTime("x", 0.0, 1e9), id="endless"),
    ],
)
def test_bars_stay_in_the_picture(span: StepTime) -> None:
    found = bars(timeline(BootRecord(40.0, "multi-user", (span,)), "the boot"))
    start, end = found["x"]
    assert 0 <= start < end <= 100.01


def test_steps_that_failed_are_drawn_even_among_many() -> None:
    many = tuple(
        StepTime(f"step {number}", number / 10, 5.0, phase="files") for number in range(200)
    )
    failed = StepTime("the one", 30.0, 0.01, "failed", "files")
    shown = timeline(
        BootRecord(40.0, "emergency", (StepTime("files", 1, 39),), (*many, failed)), "it"
    )
    assert "the one" in bars(shown)
    assert len(bars(shown)) == 42
    assert "161 shorter steps not drawn" in shown


def test_a_boot_of_no_seconds_has_a_picture() -> None:
    assert "reached no target" in timeline(BootRecord(0.0, "nothing"), "the boot")


# disks


def shares(disk: DiskView) -> list[tuple[str, float]]:
    """First word of the tooltip, and the width in percent."""
    markup = disks(BootRecord(1.0, "multi-user", disks_after=(disk,)), "the boot")
    return [
        ((piece.findtext("title") or "").split(":")[0], float(piece.attrib["width"].rstrip("%")))
        for piece in svg(markup).findall("svg")
    ]


def test_partitions_are_drawn_to_scale_with_free_space_between_them() -> None:
    parts = (PartitionView(2, 3 * GIB, GIB), PartitionView(1, 0, GIB))
    found = shares(DiskView("/dev/vdb", 8 * GIB, "", parts))
    assert found == [("1", 12.5), ("free", 25.0), ("2", 12.5), ("free", 50.0)]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param((PartitionView(1, 1 << 20, 1 << 20), PartitionView(2, 2 << 20, 8 * GIB)), id="tiny"),
        pytest.param((PartitionView(1, 0, 4 * GIB), PartitionView(2, GIB, 4 * GIB)), id="overlapping"),
        pytest.param((PartitionView(1, 0, 100 * GIB),), id="beyond the end"),
        pytest.param((PartitionView(1, 0, 0), PartitionView(2, 0, -1)), id="without a size"),
        pytest.param(tuple(PartitionView(n, n * GIB, GIB) for n in range(128)), id="many"),
    ],
)  # fmt: skip
def test_odd_partitions_fill_their_disk_and_can_be_seen(parts: tuple[PartitionView, ...]) -> None:
    found = [share for _, share in shares(DiskView("/dev/vdb", 8 * GIB, "", parts))]
    assert sum(found) == pytest.approx(100, abs=0.5)
    assert min(found) >= 1


def test_a_disk_of_no_size_has_a_picture() -> None:
    assert "empty" in disks(BootRecord(1.0, "x", disks_before=(DiskView("/dev/vdb", 0),)), "it")


def test_disks_that_did_not_change_are_drawn_once() -> None:
    shown = disks(sample.boot(), "the boot")
    assert shown.count("unchanged:") == 1
    assert "/dev/vdb before: empty" in shown
    assert "/dev/vdb after: 1: data, 1.5 GiB, xfs, at /var/lib/data" in shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (-1, "0 B"),
        (512, "512 B"),
        (1 << 20, "1 MiB"),
        (3 * GIB // 2, "1.5 GiB"),
        (5000 << 40, "5000 TiB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert size_text(size) == shown


# labels


def test_labels_are_shortened_to_their_room() -> None:
    assert shortened("write /etc/hostname", 500) == "write /etc/hostname"
    short = shortened("write /etc/hostname", 60)
    assert short.endswith("…") and drawn_width(short) <= 60
    assert shortened("write", 10) == ""
    assert drawn_width(shortened("\x00\u202e" * 500_000, 300)) <= 300


# the whole page


def test_a_single_case_is_open_and_needs_no_table_of_cases() -> None:
    text = page(sample.run(sample.passed()))
    assert "<h1>The case passed</h1>" in text
    assert '<section id="case-1"><details open>' in text
    assert 'href="#case-1"' not in text


def test_page_is_bounded_and_shows_what_did_not_pass_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ignition.testbed.formats.html._LIMIT", 1 << 20)
    checks = tuple(replace(sample.BAD[1], detail="x" * 500 + "\n" * 90) for _ in range(30))
    large = replace(sample.passed(), name="large.ign", checks=checks)
    failed = replace(large, verdict=sample.crashed().verdict, checks=sample.BAD)
    console = replace(sample.boot(), console="<\n" * 100_000)
    many = [replace(large, boots=(console,) * 4)] * 10
    text = page(sample.run(*many, failed))
    assert 1 << 20 < len(text) < 3 << 20
    assert '<section id="case-11">' in text
    assert re.search(r"\d cases? without details here", text)
    links = re.findall(r'href="#(case-\d+)"', text)
    assert links == re.findall(r'<section id="(case-\d+)"', text)
    assert text.count("large.ign") >= 10


def test_of_too_many_cases_those_that_did_not_pass_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ignition.testbed.formats.html._CASES", 5)
    text = page(sample.run(*[sample.passed()] * 9, sample.crashed()))
    assert text.count("<section") == 5
    assert text.index("#case-10") < text.index('#case-1"')
    assert "5 cases without details here" in text
