# SPDX-License-Identifier: Apache-2.0
"""Import rules: layers, no circles, and a lean boot path (docs/architecture.md)."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ignition.engine.phases import PHASES

CHECKOUT = Path(__file__).parents[2]
PACKAGE = CHECKOUT / "ignition"
BELOW_ENGINE = {"acquisition", "resource", "system", "config", "base"}
CORE = {"engine", *BELOW_ENGINE}
MAY_IMPORT = {
    "base": {"base"},
    "config": {"config", "base"},
    "system": {"system", "base"},
    "resource": {"resource", "config", "base"},
    "lint": {"lint", "config", "base"},
    "acquisition": BELOW_ENGINE,
    "review": BELOW_ENGINE | {"review", "lint"},
    "engine": CORE,
    "providers": CORE | {"providers"},
    "stages": CORE | {"stages"},
    "live": CORE | {"live"},
    "testbed": CORE | {"testbed", "lint", "live"},
    "cli": CORE | {"cli", "testbed", "review", "lint", "live", "providers", "stages"},
}
"""Package -> packages that it may import. The core imports providers and stages only by name."""
BOOT_PACKAGES = ("base", "config", "acquisition", "engine", "system", "stages", "providers")
TOO_SLOW = {
    *(
        "re",
        "enum",
        "typing",
        "dataclasses",
        "logging",
        "pathlib",
        "subprocess",
        "argparse",
        "json",
    ),
    *(
        "contextlib",
        "threading",
        "tempfile",
        "shutil",
        "functools",
        "collections",
        "hashlib",
        "urllib",
    ),
    *("socket", "requests", "jsonschema", "pyudev", "yaml", "ssl"),
}
"""Modules that take as long to import as the interpreter takes to start."""


OFF_THE_BOOT_PATH = (
    *("ignition.lint", "ignition.live", "ignition.review", "ignition.testbed"),
    *("ignition.base.codes", "ignition.base.suggest"),
)
"""Packages and modules that nothing on the boot path imports."""


def modules(*packages: str) -> Iterator[tuple[str, Path]]:
    for package in packages:
        for folder, _, files in os.walk(PACKAGE / package, followlinks=True):
            for path in sorted(Path(folder, name) for name in files if name.endswith(".py")):
                name = ".".join(("ignition", *path.relative_to(PACKAGE).with_suffix("").parts))
                yield name.removesuffix(".__init__"), path


def imported(path: Path, name: str) -> Iterator[str]:
    """The absolute names of all modules that a file imports, also in functions."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base


def is_module(name: str) -> bool:
    path = CHECKOUT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_every_stage_belongs_to_a_phase() -> None:
    in_phases = {module for stages in PHASES.values() for _, module, _ in stages}
    in_tree = {name.removeprefix("ignition.stages.") for name, _ in modules("stages")}
    assert in_phases <= in_tree
    assert {name.partition(".")[0] for name in in_tree} - {"common", "ignition"} == {
        name.partition(".")[0] for name in in_phases
    }


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_downwards(package: str) -> None:
    wrong = [
        f"{name} imports {target}"
        for name, path in modules(package)
        for target in imported(path, name)
        if target.startswith("ignition.")
        and (PACKAGE / target.split(".")[1]).is_dir()
        and target.split(".")[1] not in MAY_IMPORT[package]
    ]
    assert not wrong, "\n".join(wrong)


IMPORT_EACH = """
import os, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
for name in sys.stdin.read().split():
    if os.fork() == 0:
        __import__(name)
        os.write(1, f"{name} {' '.join(set(sys.modules) - before)}\\n".encode())
        os._exit(0)
    if os.wait()[1] != 0:
        os._exit(1)
"""
"""Prints each module named on standard input, and what its import loads into a bare interpreter."""


def test_boot_path_is_lean() -> None:
    names = [name for name, _ in modules(*BOOT_PACKAGES)]
    run = [sys.executable, "-I", "-S", "-B", "-c", IMPORT_EACH, str(CHECKOUT)]
    done = subprocess.run(run, check=True, input=" ".join(names), stdout=subprocess.PIPE, text=True)
    loaded = {name: rest for name, *rest in map(str.split, done.stdout.splitlines())}
    assert set(loaded) == set(names)
    slow = {
        name: found
        for name in names
        if (found := {module.split(".")[0] for module in loaded[name]} & TOO_SLOW)
    }
    assert not slow
    unexpected = [
        f"{name} loads {module}"
        for name in names
        for module in loaded[name]
        if module != name
        and f"{module}.".startswith(tuple(f"{each}." for each in OFF_THE_BOOT_PATH))
    ]
    assert not unexpected


def test_no_modules_import_each_other() -> None:
    """Every import counts: at the top of a module, in a function, and for type checkers alone.

    `from package import module` is an import of the module, not of the package.
    """
    paths = dict(modules("."))
    graph = {
        name: {target for target in imported(path, name) if target in paths and target != name}
        for name, path in paths.items()
    }
    assert circles(graph) == []


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other, sorted."""
    reached = {name: reachable(graph, name) for name in graph}
    groups = {
        tuple(sorted(other for other in graph if other in reached[name] and name in reached[other]))
        for name in graph
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("folder", ["ignition", "providers", "stages"])
def test_the_product_imports_neither_tests_nor_tools(folder: str) -> None:
    wrong = [
        f"{path.relative_to(CHECKOUT)} imports {target}"
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
        for target in imported(path, path.stem)
        if target.split(".")[0] in ("tests", "tools", "benchmarks")
    ]
    assert not wrong, "\n".join(wrong)


def test_tests_share_code_through_support_alone() -> None:
    """A test may import its own folder, tests.support, and tests.fuzz for random machines and texts."""
    wrong = []
    for path in sorted((CHECKOUT / "tests").rglob("*.py")):
        parts = path.relative_to(CHECKOUT).with_suffix("").parts
        own = ".".join(parts[: 3 if parts[1] == "unit" else 2])
        wrong += [
            f"{path.relative_to(CHECKOUT)} imports {target}"
            for target in imported(path, ".".join(parts))
            if target.startswith("tests.")
            and not f"{target}.".startswith((f"{own}.", "tests.support.", "tests.fuzz."))
        ]
    assert not wrong, "\n".join(wrong)


ABSENT_DOCUMENT = re.compile(
    r"engine-(?:run|config|disks|files)\b|\bDESIGN\b|\b(?:platforms|butane|legacy|performance|style)\.md"
    r"|test-machines|compatibility law|\((?:item|issue|row) \d|[ \t]# \d+(?:, \d+)*$",
    re.M,
)
"""Documents, and numbers in documents, that a reader of this repository does not have."""


def test_nothing_cites_a_document_that_is_not_here() -> None:
    listed = ["git", "ls-files", "-z", "*.py", "*.sh", "*.md", "*.toml", "Makefile", ".ci"]
    run = subprocess.run(listed, check=True, capture_output=True, text=True, cwd=CHECKOUT)
    wrong = [
        f"{name}:{text[: found.start()].count(chr(10)) + 1}: {found.group().strip()}"
        for name in run.stdout.split("\0")
        if name and name != "tests/unit/test_laws.py" and (CHECKOUT / name).is_file()
        for text in [(CHECKOUT / name).read_text()]
        for found in ABSENT_DOCUMENT.finditer(text)
    ]
    assert not wrong, "\n".join(wrong)
