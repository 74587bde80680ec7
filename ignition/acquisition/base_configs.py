# SPDX-License-Identifier: Apache-2.0
"""The distribution's base configs: base.d for every platform, base.platform.d/<id> for one, merged over it.

The files of a set are merged in the order of their names. Of files with the same name, the one in the
directory of highest priority counts.
"""

from __future__ import annotations

import os

from ignition.acquisition.sources import Fetched, Part
from ignition.base import digest
from ignition.base.errors import Failure
from ignition.base.files import read_regular
from ignition.base.finding import WARNING, Finding
from ignition.base.log import quote
from ignition.base.origin import Origin
from ignition.base.record import record
from ignition.config import dump
from ignition.config.merge import merge
from ignition.config.parse import parse
from ignition.resource.body import MEMORY_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ignition.base.log import Log
    from ignition.resource.context import FetchContext

# Ignition honours these in a user config only.
_USER_CONFIG_ONLY = (
    ("config", "merge"),
    ("config", "replace"),
    ("timeouts",),
    ("proxy",),
    ("security", "tls", "certificateAuthorities"),
)


@record
class Base:
    """The merged base configs; `parts` are the configs that were merged, the strongest last."""

    value: dict[str, Any]
    parts: list[Part]
    findings: list[Finding]
    fetched: list[Fetched]


def load(ctx: FetchContext, platform: str) -> Base:
    """Reads both sets; `platform` is a canonical id.

    Any fault in base.d is a Failure; a fault in base.platform.d skips that set with a warning.
    """
    folders, log = ctx.settings.system_config_dirs, ctx.log
    base = Base(dump.empty(), [], [], [])
    try:
        _merge_set(base, _read_set(folders, "base.d", log))
    except Failure as failure:
        failure.text = f"failed to acquire system base config: {failure.text}"
        raise
    name = f"base.platform.d/{platform}"
    try:
        _merge_set(base, _read_set(folders, name, log))
    except Failure as failure:
        for finding in getattr(failure, "findings", []):
            log.warning(finding.log_line())
        log.warning(f"no config at {quote(name)}: {failure.text}: {failure.origin}")
    return base


def _merge_set(base: Base, files: Base) -> None:
    for part in files.parts:
        base.value = merge(base.value, part.value)
    base.parts += files.parts
    base.findings += files.findings
    base.fetched += files.fetched


def _read_set(folders: tuple[str, ...], name: str, log: Log) -> Base:
    base = Base({}, [], [], [])
    for path in _files(folders, name, log):
        log.info(f"reading system config file {quote(path)}")
        try:
            data = read_regular(path, MEMORY_LIMIT, follow=True)
        except OSError as error:
            raise Failure(
                "IGN5401", f"cannot read a base config: {error.strerror}", Origin(path)
            ) from error
        sha512 = digest.sha512(data)
        log.debug(f"parsing config with SHA512: {sha512}")
        parsed = parse(data, path)
        base.parts.append(Part(path, "", parsed.value))
        base.findings += parsed.findings
        base.findings += _ignored_members(parsed.value, path)
        base.fetched.append(Fetched(path, sha512, len(data)))
    if not base.parts:
        log.info(f"no configs found in {quote(name)} across system config directories")
    return base


def _files(folders: tuple[str, ...], name: str, log: Log) -> list[str]:
    """The files of a set, in merge order. No suffix is required."""
    paths: dict[str, str] = {}
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
            paths.setdefault(entry, os.path.join(path, entry))
    return [paths[entry] for entry in sorted(paths, key=os.fsencode)]


def _ignored_members(value: dict[str, Any], path: str) -> list[Finding]:
    findings = []
    for names in _USER_CONFIG_ONLY:
        part: Any = value["ignition"]
        for name in names:
            part = part.get(name, {})
        if part and part != {"verification": {}}:
            origin = Origin(path).at("ignition", *names)
            message = f"ignition.{'.'.join(names)} of a base config has no effect"
            hint = "Ignition honours it in the user config only"
            findings.append(Finding("IGN5402", WARNING, message, origin, hint))
    return findings
