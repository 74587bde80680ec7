# SPDX-License-Identifier: Apache-2.0
"""The page as readers see it: in a browser, light and dark, on a desk and on a phone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.testbed.formats.html import page
from tests.support import sample_results as sample
from tests.support.chromium import Browser, chromium
from tests.support.png import colours

SAMPLE = sample.run()
WIDTHS = (1200, 1000, 700, 390, 320)
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"
# For each text that is seen: its colour, and the colour behind it.
TEXTS = """
(() => {
  const behind = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = {};
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest('svg') || !walker.currentNode.data.trim()) continue;
    const key = getComputedStyle(element).color + ' on ' + behind(element);
    found[key] = walker.currentNode.data.slice(0, 40);
  }
  return found;
})()
"""
# Labels in pictures that are seen, and stick out of their picture by more than a pixel.
CUT_OFF = """
[...document.querySelectorAll('svg text')].filter(each => {
  const label = each.getBoundingClientRect();
  const around = each.ownerSVGElement.getBoundingClientRect();
  return label.width && (label.left < around.left - 1 || label.right > around.right + 1);
}).map(each => each.textContent)
"""
BOXES = """
[...document.querySelectorAll('main svg[role=img]')].map(each => {
  const box = each.getBoundingClientRect();
  return {x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height};
})
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all sample cases."""
    folder = tmp_path_factory.mktemp("page")
    sample.write_sources(folder)
    with contextlib.chdir(folder):
        text = page(SAMPLE)
    target = folder / "page.html"
    target.write_text(text)
    return target


def luminance(colour: str | tuple[int, int, int]) -> float:
    """Relative luminance, from 0 to 1; of `rgb(1, 2, 3)` or three numbers."""
    if isinstance(colour, str):
        red, green, blue = (int(part) for part in colour[4:-1].split(","))
    else:
        red, green, blue = colour
    parts = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (red / 255, green / 255, blue / 255)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_page_is_light_or_dark_as_the_reader_prefers(browser: Browser, path: Path) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        browser.show(path, width=800, scheme=scheme)
        pixels = colours(browser.screenshot({"x": 0, "y": 0, "width": 400, "height": 300}))
        seen[scheme] = luminance(pixels.most_common(1)[0][0])
        assert len(pixels) > 50
    assert seen["light"] > 0.9
    assert seen["dark"] < 0.05


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser: Browser, path: Path, scheme: str) -> None:
    browser.show(path, width=1200, scheme=scheme)
    browser.evaluate(OPEN_ALL)
    texts = browser.evaluate(TEXTS)
    assert len(texts) > 8
    weak = {pair: text for pair, text in texts.items() if contrast(*pair.split(" on ")) < 4.5}
    assert weak == {}


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_pictures_are_not_blank(browser: Browser, path: Path, scheme: str, width: int) -> None:
    browser.show(path, width=width, scheme=scheme)
    browser.evaluate(
        "document.querySelectorAll('#case-4 details').forEach(each => each.open = true)"
    )
    boxes = [box for box in browser.evaluate(BOXES) if box["height"]]
    assert len(boxes) >= 4
    for box in boxes[:4]:
        assert box["height"] > 30
        pixels = colours(browser.screenshot({**box, "width": min(box["width"], 500)}))
        assert len(pixels) > 10


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window_or_cut_off(
    browser: Browser, path: Path, width: int
) -> None:
    browser.show(path, width=width)
    browser.evaluate(OPEN_ALL)
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(CUT_OFF) == []
    count = (
        "[...document.querySelectorAll('svg text')].filter(e => e.getBoundingClientRect().width)"
    )
    assert browser.evaluate(f"{count}.length") > 60


def test_page_asks_for_nothing(browser: Browser, path: Path) -> None:
    browser.show(path, width=1200)
    browser.evaluate(OPEN_ALL)
    assert browser.requests == [path.as_uri()]
    assert browser.problems == []


def test_even_an_injected_element_loads_and_runs_nothing(
    browser: Browser, path: Path, tmp_path: Path
) -> None:
    injected = (
        '<img src="http://127.0.0.1:9/x"><script>document.title = "run"</script>'
        '<style>body { color: rgb(1, 2, 3) }</style><p onclick="1" style="color: red">'
        '<link rel="stylesheet" href="http://127.0.0.1:9/y"></body>'
    )
    forged = tmp_path / "forged.html"
    forged.write_text(path.read_text().replace("</body>", injected))
    browser.show(forged, width=1200)
    assert "run" not in browser.evaluate("document.title").split()
    assert browser.evaluate("getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
    blocked = " ".join(browser.problems)
    for directive in ("img-src", "script-src", "style-src"):
        assert directive in blocked


def test_hostile_text_is_only_text(browser: Browser, path: Path) -> None:
    browser.show(path, width=1200)
    assert browser.evaluate("document.scripts.length + document.images.length") == 0
    assert browser.evaluate("document.querySelectorAll('style').length") == 1
    handlers = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
    assert [name for name in browser.evaluate(handlers) if name.startswith("on")] == []
    heading = browser.evaluate("document.querySelector('#case-11 h2').textContent")
    assert heading.startswith(
        "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>&lt;"
    )


def test_what_did_not_pass_is_open_and_linked_from_the_top(browser: Browser, path: Path) -> None:
    browser.show(path, width=1200)
    shown = browser.evaluate(
        "[...document.querySelectorAll('section')].map(each => each.firstElementChild.open)"
    )
    assert shown == [case.verdict.exit_status != 0 for case in SAMPLE.cases]
    targets = "[...document.links].map(link => link.hash)"
    assert browser.evaluate(targets) == [f"#case-{number + 1}" for number in range(len(shown))]
    for target in browser.evaluate(targets):
        assert browser.evaluate(f"!!document.querySelector('{target}')")


def test_screen_readers_get_headings_names_of_pictures_and_tables(
    browser: Browser, path: Path
) -> None:
    browser.show(path, width=1200)
    browser.evaluate(OPEN_ALL)
    names: dict[str, list[str]] = {}
    for node in browser.call("Accessibility.getFullAXTree")["nodes"]:
        if not node.get("ignored"):
            said = node.get("name", {}).get("value", "")
            names.setdefault(node["role"]["value"], []).append(said)
    assert "4 of 11 cases passed" in names["heading"]
    assert "configs/web.ign [aws]" in names["heading"]
    pictures = names["image"]
    assert all(pictures)
    assert "Timeline of the boot: The boot took 33 s and reached emergency." in pictures
    assert "/dev/vdb after: 1: data, 1.5 GiB, xfs, at /var/lib/data" in pictures
    assert all(names["table"])
    # Verdicts are words, not only colours.
    assert any(said == "guest crashed" for said in names["StaticText"])
