# SPDX-License-Identifier: Apache-2.0
"""Mount points and their options."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from ignition.testbed.checks.devices import same_device
from ignition.testbed.checks.subject import Subject
from ignition.testbed.expectations.model import Mount
from ignition.testbed.report import Report
from ignition.testbed.results import Check

DEFAULTS = {
    "rw": "ro",
    "suid": "nosuid",
    "dev": "nodev",
    "exec": "noexec",
    "async": "sync",
    "atime": "noatime",
    "diratime": "nodiratime",
    "norelatime": "relatime",
    "nostrictatime": "strictatime",
    "nomand": "mand",
    "noiversion": "iversion",
    "nolazytime": "lazytime",
}
"""Options that the kernel does not show, and the one whose absence means them."""
USERSPACE = frozenset(
    ("auto", "noauto", "nofail", "_netdev", "user", "nouser", "users", "owner", "group", "loud")
)
"""Options for mount and systemd, of which the kernel knows nothing."""
_SIZES = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def mount(item: Mount, report: Report) -> Iterator[Check]:
    subject = Subject(f"mount {item.path}", item.place)
    if report.mounts is None:
        wanted = "mounted" if item.exists else "not mounted"
        yield subject.undecided("exists", "the guest did not report its mounts", wanted)
        return
    path = posixpath.normpath(item.path)
    # The last one is on top of the others.
    found = next((one for one in reversed(report.mounts) if one.get("target") == path), None)
    words = {True: "mounted", False: "not mounted"}
    is_there = found is not None
    yield subject.check("exists", item.exists == is_there, words[item.exists], words[is_there])
    if found is None or not item.exists:
        return
    if item.device is not None:
        yield _device(subject, item.device, found, report)
    if item.type is not None:
        yield subject.equal("type", item.type, found.get("fstype") or "unknown")
    for option in item.options:
        yield from _option(subject, option, str(found.get("options") or ""))


def _device(subject: Subject, wanted: str, found: Mapping[str, Any], report: Report) -> Check:
    source = str(found.get("source") or "")
    device = source.partition("[")[0]  # findmnt adds the subvolume or folder in brackets
    same = same_device(report, wanted, device)
    if same is None:
        return subject.undecided("device", "the guest did not report its block devices", wanted)
    return subject.check("device", same, wanted, source or "none")


def _option(subject: Subject, wanted: str, shown: str) -> Iterator[Check]:
    for option in filter(None, wanted.split(",")):
        if option == "defaults":
            continue
        if option in USERSPACE or option.startswith(("x-", "X-", "comment=")):
            yield subject.undecided("options", "the kernel does not report this option", option)
        else:
            yield subject.check("options", _in_effect(option, shown.split(",")), option, shown)


def _in_effect(option: str, found: list[str]) -> bool:
    if option in DEFAULTS and DEFAULTS[option] not in found:
        return True
    return _plain(option) in {_plain(one) for one in found}


def _plain(option: str) -> str:
    """One spelling of each value: size=64m is size=65536k, mode=0755 is mode=755, subvol=/a is subvol=a."""
    key, equals, value = option.partition("=")
    if not equals:
        return option
    value = value.strip('"')
    if key in ("mode", "umask", "fmask", "dmask"):
        value = value.lstrip("0") or "0"
    elif key == "subvol":
        value = value.strip("/")
    elif key in ("size", "nr_blocks") and value[:-1].isdecimal() and value[-1:].lower() in _SIZES:
        value = str(int(value[:-1]) * _SIZES[value[-1].lower()])
    return f"{key}={value}"
