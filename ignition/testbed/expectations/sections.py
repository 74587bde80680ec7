# SPDX-License-Identifier: Apache-2.0
"""The sections of an expectations file: which type of the model each holds, and which members it has."""

from __future__ import annotations

from dataclasses import dataclass

from ignition.testbed.expectations import model


@dataclass(frozen=True)
class Section:
    """One section.

    key      its key in the file
    type     the type of its items
    subject  the members that tell which object an item is about
    members  all members of the type in the order in which they are written
    called   what a message calls the object
    short    the member that an item may be instead of a mapping: `- quiet`
    """

    key: str
    type: type[model.Expectation]
    subject: tuple[str, ...]
    members: tuple[str, ...]
    called: str
    short: str = ""


_NODE = ("path", "exists", "user", "group", "mode")
PARTITION = ("number", "label", "exists", "start_mib", "size_mib", "type_guid", "guid")

SECTIONS = (
    Section(
        "files",
        model.File,
        ("path",),
        (*_NODE, "content", "contains", "matches", "sha256"),
        "file",
    ),
    Section("directories", model.Directory, ("path",), _NODE, "directory"),
    Section("links", model.Link, ("path",), (*_NODE[:-1], "target", "hard"), "link"),
    Section(
        "users",
        model.User,
        ("name",),
        (
            *("name", "exists", "uid", "primary_group", "groups", "home", "shell", "gecos"),
            *("keys", "password_hash"),
        ),
        "user",
    ),
    Section("groups", model.Group, ("name",), ("name", "exists", "gid", "members"), "group"),
    Section(
        "units",
        model.Unit,
        ("name",),
        ("name", "exists", "enabled", "masked", "active", "within", "failed"),
        "unit",
    ),
    Section(
        "mounts", model.Mount, ("path",), ("path", "exists", "device", "type", "options"), "mount"
    ),
    Section("disks", model.Disk, ("device",), ("device", "table", "partitions"), "disk"),
    Section(
        "filesystems",
        model.Filesystem,
        ("device",),
        ("device", "format", "label", "uuid"),
        "filesystem on",
    ),
    Section("arrays", model.Array, ("name",), ("name", "level", "devices", "spares"), "array"),
    Section(
        "luks",
        model.Luks,
        ("name",),
        ("name", "device", "label", "uuid", "open", "pins"),
        "LUKS volume",
    ),
    Section(
        "kernel_arguments",
        model.KernelArgument,
        ("argument",),
        ("argument", "exists"),
        "kernel argument",
        short="argument",
    ),
    Section(
        "ports",
        model.Port,
        ("port", "protocol", "address"),
        ("port", "protocol", "address", "listening"),
        "port",
        short="port",
    ),
    Section(
        "commands",
        model.Command,
        ("run",),
        ("run", "status", "output", "matches", "timeout"),
        "command",
        short="run",
    ),
    Section(
        "journal",
        model.JournalLine,
        ("matches", "unit"),
        ("matches", "exists", "unit"),
        "journal line",
    ),
)
"""In the order in which they are written."""
BY_KEY = {section.key: section for section in SECTIONS}
BY_TYPE = {section.type: section for section in SECTIONS}
FAILURE = ("phase", "code", "words")


def section_of(item: model.Expectation) -> Section:
    """The section that an item belongs to."""
    return BY_TYPE[type(item)]


def subject_of(item: model.Expectation) -> tuple[object, ...]:
    """What an item is about; items with the same subject are about the same object."""
    section = section_of(item)
    return section.key, *(getattr(item, name) for name in section.subject)


def describe(item: model.Expectation) -> str:
    """The object in a message: `file /etc/motd`."""
    section = section_of(item)
    words = [getattr(item, name) for name in section.subject]
    if isinstance(item, model.Port):
        words = [f"{item.protocol}/{item.port}", item.address]
    return " ".join([section.called, *(str(word) for word in words if word is not None)])
