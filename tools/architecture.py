# SPDX-License-Identifier: Apache-2.0
"""Draws docs/architecture.svg: the packages of the repository and what they import, read from the code.

A package is one layer above the highest package that it imports. An import that other arrows already imply is
not drawn: cli imports base, and so do all packages between them. A dashed arrow leads to modules that are
imported by name at run time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PICTURE = CHECKOUT / "docs" / "architecture.svg"


@dataclass(frozen=True)
class Package:
    """One box. `column` counts from the left; the row follows from the imports."""

    folder: str
    column: int
    purpose: str

    @property
    def import_name(self) -> str:
        """The name by which others import it."""
        linked = self.folder in ("providers", "stages")
        return f"ignition.{self.folder}" if linked else self.folder.replace("/", ".")


PACKAGES = (
    Package("tools", 0, "generates files of the repository"),
    Package("ignition/lint", 0, "rules for authors, output formats"),
    Package("ignition/cli", 1, "command lines"),
    Package("ignition/engine", 1, "plan, executor, phases, report"),
    Package("ignition/acquisition", 1, "from platform to rendered config"),
    Package("ignition/resource", 1, "fetching by URL scheme"),
    Package("ignition/config", 1, "parsing, rules, translation, merge"),
    Package("ignition/base", 1, "errors, settings, log, journal"),
    Package("ignition/review", 2, "what a config does, unexecuted"),
    Package("providers", 2, "one file per platform"),
    Package("stages", 3, "one file or package per stage"),
    Package("ignition/system", 3, "programs, devices, mounts, users"),
    Package("tests/support", 4, "what several test folders share"),
    Package("ignition/live", 4, "applies to images and containers"),
    Package("ignition/testbed", 4, "images, guests, fake services"),
)

Graph = dict[str, set[str]]


def outputs() -> dict[Path, str]:
    """Path -> SVG."""
    return {PICTURE: draw(*read_imports(), line_counts())}


def read_imports() -> tuple[Graph, Graph]:
    """Folder -> folders that it imports, and folder -> folders whose modules it imports by name."""
    direct: Graph = {package.folder: set() for package in PACKAGES}
    by_name: Graph = {package.folder: set() for package in PACKAGES}
    for package in PACKAGES:
        for path in _sources(package):
            for node in ast.walk(ast.parse(path.read_text())):
                direct[package.folder] |= {_folder_of(name) for name in _imported(node)}
                if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                    by_name[package.folder].add(_folder_of(str(node.values[0].value).rstrip(".")))
        for graph in (direct, by_name):
            graph[package.folder] -= {package.folder, ""}
        by_name[package.folder] -= direct[package.folder]
    return direct, by_name


def line_counts() -> dict[str, int]:
    """Folder -> lines of Python, rounded to hundreds.

    A number in the present picture stays until it is wrong by a fifth, so that the picture need not be drawn
    anew for each commit.
    """
    drawn = PICTURE.read_text() if PICTURE.exists() else ""
    counts = {}
    for package in PACKAGES:
        lines = sum(len(path.read_text().splitlines()) for path in _sources(package))
        counts[package.folder] = max(100, round(lines, -2))
        old = re.search(rf">{package.folder}</text>(?:\n.*)?\n.*>about ([\d,]+) lines<", drawn)
        if old and abs(int(old[1].replace(",", "")) - lines) <= lines / 5:
            counts[package.folder] = int(old[1].replace(",", ""))
    return counts


def layers(graph: Graph) -> dict[str, int]:
    """Folder -> layer, 0 for those that import nothing."""
    found: dict[str, int] = {}

    def layer(folder: str) -> int:
        if folder not in found:
            found[folder] = max((layer(below) + 1 for below in graph[folder]), default=0)
        return found[folder]

    for folder in graph:
        layer(folder)
    return found


def essential(graph: Graph) -> Graph:
    """The graph without edges that longer paths imply."""
    reached: Graph = {}
    for folder in sorted(graph, key=layers(graph).__getitem__):
        reached[folder] = graph[folder].union(*(reached[below] for below in graph[folder]))
    return {
        folder: {
            below
            for below in graph[folder]
            if not any(below in reached[other] for other in graph[folder])
        }
        for folder in graph
    }


def _sources(package: Package) -> list[Path]:
    return sorted((CHECKOUT / package.folder).rglob("*.py"))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _folder_of(module: str) -> str:
    for package in PACKAGES:
        if f"{module}.".startswith(f"{package.import_name}."):
            return package.folder
    return ""


# The picture

WIDTH, HEIGHT = 216, 68
COLUMN, ROW = 272, 118
MARGIN = 32
PORT = 26
"""Pixels between the ends of two arrows at one box."""
STYLE = """\
  text { font-family: "DejaVu Sans", Verdana, sans-serif; font-size: 11px; fill: #475569 }
  .name { font-family: "DejaVu Sans Mono", monospace; font-size: 14px; font-weight: bold; fill: #0f172a }
  .box { stroke-width: 1.5 }
  .boot { fill: #e0f2fe; stroke: #0284c7 }
  .edge { fill: #dcfce7; stroke: #16a34a }
  .author { fill: #fef3c7; stroke: #d97706 }
  .import { fill: none; stroke: #64748b; stroke-width: 1.5; marker-end: url(#tip) }
  .by-name { fill: none; stroke: #16a34a; stroke-width: 1.5; marker-end: url(#green-tip) }
  .by-name { stroke-dasharray: 5 4 }
"""
KINDS = {
    "boot": "runs at boot",
    "edge": "found by name, loaded when needed",
    "author": "for authors, tests and developers; never at boot",
}
AUTHORS = (
    *("tools", "ignition/lint", "ignition/live", "ignition/review", "ignition/testbed"),
    "tests/support",
)


@dataclass(frozen=True)
class Place:
    """The box of one package, in pixels from the top left corner."""

    x: int
    y: int

    @property
    def centre(self) -> int:
        return self.x + WIDTH // 2

    @property
    def bottom(self) -> int:
        return self.y + HEIGHT


def draw(direct: Graph, by_name: Graph, counts: dict[str, int]) -> str:
    """The picture as SVG."""
    rows = layers(direct)
    top = max(rows.values())
    places = {
        package.folder: Place(
            MARGIN + package.column * COLUMN, MARGIN + (top - rows[package.folder]) * ROW
        )
        for package in PACKAGES
    }
    edges = sorted(
        (folder, below) for folder, belows in essential(direct).items() for below in belows
    )
    width = (
        MARGIN
        + (max(package.column for package in PACKAGES) + 1) * COLUMN
        - (COLUMN - WIDTH)
        + MARGIN
    )
    bottom = MARGIN + top * ROW + HEIGHT
    height = bottom + 96
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img">',
            "<!-- Generated from the code's imports by `make generate`. -->",
            "<title>Packages and their imports</title>",
            f"<style>\n{STYLE}</style>",
            "<defs>",
            _tip("tip", "#64748b"),
            _tip("green-tip", "#16a34a"),
            "</defs>",
            f'<rect width="{width}" height="{height}" rx="12" fill="#ffffff"/>',
            *_arrows(edges, places),
            *(
                _by_name_arrow(places[folder], places[there])
                for folder in sorted(by_name)
                for there in sorted(by_name[folder])
            ),
            *(
                line
                for package in PACKAGES
                for line in _box(package, places[package.folder], counts)
            ),
            *_legend(bottom + 36),
            "</svg>",
            "",
        ]
    )


def _tip(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
        f' orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
    )


def _arrows(edges: list[tuple[str, str]], places: dict[str, Place]) -> Iterator[str]:
    """Curves from one box down to the top of another; their ends at a box do not touch.

    An arrow that would run behind the box right below its start leaves by the side instead.
    """
    aside = {edge for edge in edges if _is_blocked(places[edge[0]], places[edge[1]], places)}
    for edge in edges:
        start, end = (places[folder] for folder in edge)
        coming = [places[source].centre for source, target in edges if target == edge[1]]
        x2 = end.centre + _port(start.centre, coming)
        if edge in aside:
            x1, y1 = start.x + (WIDTH if end.x > start.x else 0), start.y + HEIGHT // 2
            yield f'<path class="import" d="M{x1} {y1} C{x2} {y1} {x2} {y1} {x2} {end.y}"/>'
            continue
        leaving = [places[b].centre for a, b in edges if a == edge[0] and (a, b) not in aside]
        x1 = start.centre + _port(end.centre, leaving)
        if len(leaving) == 1 and start.x == end.x:
            x1 = x2
        bend = min((end.y - start.bottom) // 2, ROW)
        yield (
            f'<path class="import" d="M{x1} {start.bottom}'
            f' C{x1} {start.bottom + bend} {x2} {end.y - bend} {x2} {end.y}"/>'
        )


def _is_blocked(start: Place, end: Place, places: dict[str, Place]) -> bool:
    return end.y - start.y > ROW and Place(start.x, start.y + ROW) in places.values()


def _port(towards: int, all_of_them: list[int]) -> int:
    """How far from the middle of its box an arrow ends: in the order of the boxes at the other ends."""
    order = sorted(all_of_them)
    return (2 * order.index(towards) - len(order) + 1) * PORT // 2


def _by_name_arrow(start: Place, end: Place) -> str:
    """From the side of a box to the side of another in its row, or to the bottom of one above it."""
    right = end.x > start.x
    x1, y1 = start.x + (WIDTH if right else 0), start.y + HEIGHT // 2
    if start.y == end.y:
        return f'<path class="by-name" d="M{x1} {y1} L{end.x if right else end.x + WIDTH} {y1}"/>'
    x2 = end.centre + (PORT * 2 if right else -PORT * 2)
    return f'<path class="by-name" d="M{x1} {y1} C{x2} {y1} {x2} {y1} {x2} {end.bottom}"/>'


def _box(package: Package, place: Place, counts: dict[str, int]) -> Iterator[str]:
    kind = "edge" if package.import_name == f"ignition.{package.folder}" else "boot"
    if package.folder in AUTHORS:
        kind = "author"
    yield (
        f'<rect class="box {kind}" x="{place.x}" y="{place.y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    )
    lines = (
        ("name", package.folder, 23),
        ("purpose", package.purpose, 41),
        ("lines", f"about {counts[package.folder]:,} lines", 57),
    )
    for style, text, down in lines:
        yield (
            f'<text class="{style}" x="{place.centre}" y="{place.y + down}" text-anchor="middle">'
            f"{escape(text)}</text>"
        )


def _legend(y: int) -> Iterator[str]:
    """What colours and arrows mean."""
    widths = [60 + 7 * len(text) for text in KINDS.values()]
    starts = [MARGIN, *(MARGIN + sum(widths[: count + 1]) for count in range(len(widths)))]
    for (kind, text), (x, _) in zip(KINDS.items(), pairwise(starts), strict=True):
        yield f'<rect class="box {kind}" x="{x}" y="{y - 11}" width="22" height="14" rx="3"/>'
        yield f'<text x="{x + 30}" y="{y}">{escape(text)}</text>'
    y += 30
    yield f'<path class="import" d="M{MARGIN} {y - 4} h26"/>'
    yield f'<text x="{MARGIN + 36}" y="{y}">imports (what longer paths imply is left out)</text>'
    yield f'<path class="by-name" d="M{MARGIN + 400} {y - 4} h26"/>'
    yield f'<text x="{MARGIN + 436}" y="{y}">imports by name at run time</text>'
