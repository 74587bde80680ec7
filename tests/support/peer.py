# SPDX-License-Identifier: Apache-2.0
"""Ignition's programs, with which tests compare. `make test-unit` unpacks them.

`IGNITION_PEER` and `IGNITION_VALIDATE_PEER` are paths of another engine and ignition-validate.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from ignition.testbed.cache import build_folder

MISSING = "Ignition is not here: make build/peer/.complete unpacks it"
"""The reason for skipped tests."""

# Warnings that are newer than release 2.14, which Debian has.
_NEWER = (
    "filesystem overwrites partitioned device",
    "device matches disk with wipeTable enabled; filesystem will be wiped",
)


def validator() -> str:
    """The path of Ignition's ignition-validate, or ""."""
    return _program("IGNITION_VALIDATE_PEER", "usr/bin/ignition-validate")


def engine() -> str:
    """The path of Ignition's engine, or ""."""
    return _program("IGNITION_PEER", "usr/lib/dracut/modules.d/30ignition/ignition")


def _program(variable: str, unpacked: str) -> str:
    path = os.environ.get(variable) or str(build_folder() / "peer" / unpacked)
    return path if os.access(path, os.X_OK) else ""


def validate(config: bytes) -> tuple[bool, list[str]]:
    """Whether Ignition accepts a config, and its normalised report."""
    done = subprocess.run([validator(), "-"], input=config, capture_output=True, check=False)
    lines = done.stdout.decode("utf-8", "surrogateescape").splitlines()
    return done.returncode == 0, comparable(lines)


def comparable(report: list[str]) -> list[str]:
    """Sorted report lines, without differences between releases of Ignition and random ones.

    Messages of type errors come from Go's library. For a truncated text Ignition reports line 0. Unknown
    keys of an object have the random order of a Go map.
    """
    lines = []
    for line in report:
        if line.endswith(_NEWER):
            continue
        line = line.replace(": Unused key", ": unused key")
        if "context tree does not match" in line:
            line = line.removesuffix(".")
        line = re.sub(r"json: cannot unmarshal.*", "wrong type", line)
        if "$" not in line:
            line = re.sub(r"^error at line 0 col 0:", "error at the end:", line)
        lines.append(line.rstrip())
    return sorted(lines)


def cache(config: bytes, folder: Path) -> str | None:
    """The config cache that Ignition writes for a config; None if it refuses the config."""
    source, cache_path, root = folder / "config.ign", folder / "cache", folder / "root"
    source.write_bytes(config)
    cache_path.unlink(missing_ok=True)
    root.mkdir(exist_ok=True)
    words = [engine(), "-platform", "file", "-stage", "fetch", "-log-to-stdout"]
    words += ["-config-cache", str(cache_path), "-root", str(root)]
    words += ["-state-file", str(folder / "state"), "-neednet", str(folder / "neednet")]
    environment = {"IGNITION_CONFIG_FILE": str(source)}
    subprocess.run(words, env=environment, capture_output=True, check=False, timeout=60)
    if not cache_path.exists():
        return None
    return cache_path.read_text(encoding="utf-8")


def as_release_2_14(cached: str) -> str:
    """Our cache as release 2.14 would write it: its newest spec is 3.4.0-experimental."""
    return cached.replace(
        '"version":"3.7.0-experimental"', '"version":"3.4.0-experimental"'
    ).replace('"cex":{},', "")
