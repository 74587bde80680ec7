# SPDX-License-Identifier: Apache-2.0
"""Base configs, which the user config is merged over: base.d and base.platform.d.

base.d is for all platforms, base.platform.d/<id> for one and is merged over it. Within a set, files are
merged in the order of their names; of files with the same name the one in the folder of highest priority
counts.
"""

from __future__ import annotations

import os

from ignition.acquisition.sources import Fetched, Part
from ignition.base.errors import Failure
from ignition.base.files import read_regular
from ignition.base.finding import WARNING, Finding
from ignition.base.log import quote
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.config import dump
from ignition.config.merge import merge
from ignition.config.parse import parse
from ignition.resource import digest
from ignition.resource.body import MEMORY_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.log import Log
    from ignition.base.settings import Settings

# What is only followed in a user config, as in the original.
_NOT_FOLLOWED = (
    ("config", "merge"),
    ("config", "replace"),
    ("timeouts",),
    ("proxy",),
    ("security", "tls", "certificateAuthorities"),
)


@record
class Base:
    """All base configs as one, and what they were made of, the strongest last."""

    value: dict[str, Any]
    parts: list[Part]
    findings: list[Finding]
    fetched: list[Fetched]


def load(settings: Settings, platform: str, log: Log) -> Base:
    """Reads both sets. Failure for anything that is wrong with base.d; a set of the platform with a fault is
    left out as a whole, with a warning."""
    base = Base(dump.empty(), [], [], [])
    try:
        _add(base, _read_set(settings, "base.d", log))
    except Failure as failure:
        failure.text = f"failed to acquire system base config: {failure.text}"
        raise
    name = f"base.platform.d/{platform}"
    try:
        _add(base, _read_set(settings, name, log))
    except Failure as failure:
        for finding in getattr(failure, "findings", []):
            log.warning(f"{finding} [{finding.code}, {finding.origin.source}]")
        log.warning(f"no config at {quote(name)}: {failure.text}: {failure.origin}")
    return base


def _add(base: Base, files: Base) -> None:
    for part in files.parts:
        base.value = merge(base.value, part.value)
    base.parts += files.parts
    base.findings += files.findings
    base.fetched += files.fetched


def _read_set(settings: Settings, name: str, log: Log) -> Base:
    found = Base({}, [], [], [])
    for path in _files(settings.system_config_dirs, name, log):
        log.info(f"reading system config file {quote(path)}")
        try:
            data = read_regular(path, MEMORY_LIMIT, follow=True)
        except OSError as error:
            raise Failure(
                "IGN5401", f"cannot read a base config: {error.strerror}", Origin(path)
            ) from error
        total = digest.sha512(data)
        log.debug(f"parsing config with SHA512: {total}")
        parsed = parse(data, path)
        found.parts.append(Part(path, "", parsed.value))
        found.findings += parsed.findings
        found.findings += _not_followed(parsed.value, path)
        found.fetched.append(Fetched(path, total, len(data)))
    if not found.parts:
        log.info(f"no configs found in {quote(name)} across system config directories")
    return found


def _files(folders: tuple[str, ...], name: str, log: Log) -> list[str]:
    """The files of a set, in merge order. Every entry counts, whatever it is called."""
    found: dict[str, str] = {}
    for folder in folders:
        path = os.path.join(folder, name)
        try:
            entries = os.listdir(path)
        except (FileNotFoundError, NotADirectoryError):
            log.info(f"no config dir at {quote(path)}")
            continue
        except OSError as error:
            raise Failure(
                "IGN5401", f"cannot read base configs: {error.strerror}", Origin(path)
            ) from error
        for entry in entries:
            found.setdefault(entry, os.path.join(path, entry))
    return [found[entry] for entry in sorted(found, key=os.fsencode)]


def _not_followed(value: dict[str, Any], path: str) -> list[Finding]:
    findings = []
    for names in _NOT_FOLLOWED:
        part: Any = value["ignition"]
        for name in names:
            part = part.get(name, {})
        if part and part != {"verification": {}}:
            origin = Origin(path).at("ignition", *names)
            message = f"ignition.{'.'.join(names)} of a base config is not followed"
            hint = "only the user config decides what is fetched, and how"
            findings.append(Finding("IGN5402", WARNING, message, origin, hint))
    return findings
