# SPDX-License-Identifier: Apache-2.0
"""Values that are valid in the specs but cannot be applied to a machine: characters that end the field or
line that a value is written to, and numbers and paths beyond the limits of the kernel.

Ignition accepts all of them, and fails or does damage when it applies them, so validation accepts them too.
Lint reports them, and every phase that applies a config refuses the errors among them before it inspects the
machine.
"""

from __future__ import annotations

from ignition.base.finding import WARNING
from ignition.base.log import quote
from ignition.config.rules import headers
from ignition.config.rules.rule import Rule, RuleFinding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Path = tuple[str | int, ...]

NUL_BYTE = Rule(
    "IGN1968",
    "a NUL byte in a string",
    hint="remove it: for the kernel and for programs it ends the string",
)
"""A NUL byte ends paths, names and command arguments, and the rest would silently be lost. The config is
refused before anything is changed. Contents of files may contain any byte."""

LINE_BREAK = Rule(
    "IGN1969",
    "a character that ends the field or line that this value becomes",
    hint="remove it",
)
"""The members of a user become fields of `/etc/passwd` or `/etc/shadow`, where a colon ends the field and
a line break ends the line. A `passwordHash` with a line break could set the password of another account.
Line breaks are just as harmful in SSH keys (unless each line is a key or a comment), names of units and
drop-ins, kernel arguments, labels and mount options. The name of a unit with `enabled` becomes a field of
a preset file, where `*.service` would match all services; names of units never contain white space, `*`,
`?` or `[`."""

LEADING_HYPHEN = Rule(
    "IGN1970",
    "a name that starts with a hyphen, which programs parse as an option",
    hint="start it with a letter or a digit",
)
"""The name of an array, volume or device is an argument of `mdadm`, `cryptsetup` and `mount`."""

NO_ID = Rule(
    "IGN1971",
    "an invalid user or group id",
    hint="use a number from 0 to 4294967294, or remove it",
)
"""User and group ids have 32 bits, and the kernel reserves the highest one (4294967295, or -1) for "none".
`useradd` and `groupadd` reject other numbers. As the owner of a file, the number would be truncated:
4294967296 becomes 0, which is root."""

ID_OF_NOBODY = Rule(
    "IGN1972",
    "an id that leaves the owner unchanged",
    hint="remove id to keep the owner, or set the intended id",
    severity=WARNING,
)
"""`chown` interprets -1 and 4294967295 as "do not change". A new file then belongs to root."""

TOO_LONG = Rule(
    "IGN1973",
    "a path that is too long for Linux",
    hint="shorten it: a path may have 4095 bytes, each component 255",
)
"""The kernel limits the number of bytes, and a non-ASCII letter takes 2 to 4. During provisioning the mount
point of the target root counts too."""

NOT_ABSOLUTE = Rule(
    "IGN1974",
    "a home or shell that is not an absolute path",
    hint="use an absolute path",
)
"""`useradd` rejects it."""

PATH_MAX = 4095
NAME_MAX = 255
_ID_MAX = 0xFFFFFFFE
_UNCHANGED = (-1, 0xFFFFFFFF)
_UNITS = "/etc/systemd/system/"

# Forbidden characters by the use of a value: argument of a command or path, line of a file, field of a line.
_ARGUMENT = "\0"
_LINE = "\0\n\r"
_FIELD = "\0\n\r:"
_PATTERN = "\0\n\r \t*?["  # field of a preset file, which is a glob pattern

_KERNEL_ARGUMENTS = {"shouldExist": _LINE, "shouldNotExist": _LINE}
_GROUP = {"name": _FIELD, "passwordHash": _FIELD}
_USER = {
    **_GROUP,
    **dict.fromkeys(("gecos", "homeDir", "shell", "primaryGroup", "groups"), _FIELD),
    "sshAuthorizedKeys": _LINE,
}
_STORAGE = {
    "disks": {"device": _ARGUMENT},
    "raid": {"name": _LINE, "level": _ARGUMENT, "devices": _ARGUMENT, "options": _ARGUMENT},
    "luks": {
        "name": _LINE + " \t",  # white space separates the fields of crypttab
        "device": _ARGUMENT,
        "label": _LINE,
        "uuid": _ARGUMENT,
        "options": _ARGUMENT,
        "openOptions": _ARGUMENT,
    },
    "filesystems": {
        "device": _ARGUMENT,
        "format": _ARGUMENT,
        "label": _LINE,
        "uuid": _ARGUMENT,
        "path": _ARGUMENT,
        "options": _ARGUMENT,
        "mountOptions": _LINE,
    },
}
_POSITIONAL = {
    "disks": ("device",),
    "raid": ("name", "devices"),
    "luks": ("name", "device"),
    "filesystems": ("device",),
}
_PATHS = {
    "disks": ("device",),
    "raid": ("devices",),
    "luks": ("device",),
    "filesystems": ("device", "path"),
}
_KEY_TYPES = ("ssh-", "ecdsa-sha2-", "rsa-sha2-", "sk-")
_NAMES = {
    "\0": "a NUL byte",
    "\n": "a line break",
    "\r": "a carriage return",
    ":": "a colon",
    " ": "a space",
    "\t": "a tab",
    "*": "an asterisk",
    "?": "a question mark",
    "[": "a bracket",
}


def check(config: dict[str, Any], root: str = "") -> Iterator[RuleFinding]:
    """Findings for all values of a config that cannot be applied. `root` is the directory of the target
    root."""
    yield from _check_strings(
        config.get("kernelArguments") or {}, _KERNEL_ARGUMENTS, ("kernelArguments",), ""
    )
    passwd = config.get("passwd") or {}
    for kind, number, fields in (("groups", "gid", _GROUP), ("users", "uid", _USER)):
        for index, item in enumerate(passwd.get(kind) or ()):
            yield from _check_account(item, number, fields, ("passwd", kind, index))
    storage = config.get("storage") or {}
    # An ASCII path of this length is always short enough.
    short = min(NAME_MAX, PATH_MAX - _size(root))
    for kind, fields in _STORAGE.items():
        for index, item in enumerate(storage.get(kind) or ()):
            yield from _check_device(item, kind, fields, ("storage", kind, index), root)
    for kind in ("directories", "files", "links"):
        for index, node in enumerate(storage.get(kind) or ()):
            if not _is_ordinary(node, short):
                yield from _check_node(node, ("storage", kind, index), root)
    for index, unit in enumerate((config.get("systemd") or {}).get("units") or ()):
        if not _is_ordinary_unit(unit, short // 4):
            yield from _check_unit(unit, ("systemd", "units", index), root)
    yield from headers.check(config)


def length_problem(path: str, root: str = "") -> str:
    """Why a path is too long, "" if it is not."""
    if len(path) + len(root) <= NAME_MAX and path.isascii() and root.isascii():
        return ""
    size = _size(root) + _size(path)
    if size > PATH_MAX:
        return f"a path of {size} bytes is too long"
    longest = max(map(_size, path.split("/")))
    return f"a name of {longest} bytes is too long" if longest > NAME_MAX else ""


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _check_strings(
    item: dict[str, Any], fields: dict[str, str], path: Path, prefix: str
) -> Iterator[RuleFinding]:
    """Findings for strings and lists of strings with forbidden characters."""
    for member, forbidden in fields.items():
        value = item.get(member)
        if not value:
            continue
        if isinstance(value, str):
            yield from _check_string(value, forbidden, (*path, member), f"{prefix}{member}")
        else:
            for index, text in enumerate(value):
                if member == "sshAuthorizedKeys":
                    text = _join_keys(text)
                yield from _check_string(
                    text, forbidden, (*path, member, index), f"{prefix}{member}"
                )


def _join_keys(keys: str) -> str:
    """Replaces line breaks if each line is a key or a comment, as in items that installers create from a
    whole authorized_keys file."""
    keys = keys.rstrip("\r\n")
    lines = keys.replace("\r\n", "\n").split("\n")
    return " ".join(lines) if all(map(_is_key, lines)) else keys


def _is_key(line: str) -> bool:
    words = line.strip()
    return not words or words.startswith("#") or any(kind in words for kind in _KEY_TYPES)


def _check_string(text: str, forbidden: str, path: Path, what: str) -> Iterator[RuleFinding]:
    for character in forbidden:
        if character in text:
            rule = LINE_BREAK if character != "\0" else NUL_BYTE
            yield rule.with_message(f"{what} contains {_NAMES[character]}").at(*path)
            return


def _check_account(
    item: dict[str, Any], number: str, fields: dict[str, str], path: Path
) -> Iterator[RuleFinding]:
    name = item.get("name") or ""
    if item.get("shouldExist") is False:
        # The account is deleted, so its name is only an argument of userdel or groupdel.
        yield from _check_string(name, _ARGUMENT, (*path, "name"), "name")
        return
    prefix = f"{'user' if number == 'uid' else 'group'} {quote(name)}: "
    yield from _check_strings(item, fields, path, prefix)
    wanted = item.get(number)
    if wanted is not None and not 0 <= wanted <= _ID_MAX:
        yield NO_ID.with_message(f"{prefix}{number} {wanted} is not a valid id").at(*path, number)
    home, shell = item.get("homeDir") or "", item.get("shell") or ""
    # Some systems use an asterisk as the shell, and useradd accepts it.
    for member, value, first in (("homeDir", home, "/"), ("shell", shell, "/*")):
        if value and value[0] not in first:
            yield NOT_ABSOLUTE.with_message(f"{prefix}{member} is not an absolute path").at(
                *path, member
            )
    problem = length_problem(home)
    if problem:
        yield TOO_LONG.with_message(f"{prefix}homeDir: {problem}").at(*path, "homeDir")


def _check_device(
    item: dict[str, Any], kind: str, fields: dict[str, str], path: Path, root: str
) -> Iterator[RuleFinding]:
    yield from _check_strings(item, fields, path, "")
    for member in _POSITIONAL[kind]:
        for text, where in _strings(item, member, path):
            if text.startswith("-"):
                yield LEADING_HYPHEN.with_message(
                    f"{member} {quote(text)} starts with a hyphen"
                ).at(*where)
    for member in _PATHS[kind]:
        for text, where in _strings(item, member, path):
            problem = length_problem(text, root if member == "path" else "")
            if problem:
                yield TOO_LONG.with_message(f"{member}: {problem}").at(*where)
    for index, partition in enumerate(item.get("partitions") or () if kind == "disks" else ()):
        yield from _check_strings(partition, {"label": _LINE}, (*path, "partitions", index), "")


def _strings(item: dict[str, Any], member: str, path: Path) -> Iterator[tuple[str, Path]]:
    value = item.get(member) or ()
    if isinstance(value, str):
        yield value, (*path, member)
    else:
        for index, text in enumerate(value):
            yield text, (*path, member, index)


def _is_ordinary(node: dict[str, Any], short: int) -> bool:
    """A quick test for nodes without problems, since a config may have ten thousand."""
    where = node.get("path") or ""
    if len(where) > short or not where.isascii() or "\0" in where or "target" in node:
        return False
    user, group = node.get("user"), node.get("group")
    if user and ("id" in user or "\0" in (user.get("name") or "")):
        return False
    if group and ("id" in group or "\0" in (group.get("name") or "")):
        return False
    return 0 <= (node.get("mode") or 0) <= 0o7777


def _check_node(node: dict[str, Any], path: Path, root: str) -> Iterator[RuleFinding]:
    where = node.get("path") or ""
    if "\0" in where:
        yield NUL_BYTE.with_message("path contains a NUL byte").at(*path, "path")
    problem = length_problem(where, root)
    if problem:
        yield TOO_LONG.with_message(problem).at(*path, "path")
    mode = node.get("mode")
    if mode is not None and not 0 <= mode <= 0o7777:
        # Only possible in a hand-written cache; configs with this mode fail validation.
        from ignition.config.rules.nodes import ILLEGAL_MODE

        yield ILLEGAL_MODE.at(*path, "mode")
    if node.get("target"):
        yield from _check_target(node["target"], bool(node.get("hard")), (*path, "target"), root)
    if not node.get("hard"):  # a hard link shares the owner of its file
        for kind in ("user", "group"):
            if node.get(kind):
                yield from _check_owner(node[kind], kind, path)


def _check_target(target: str, hard: bool, path: Path, root: str) -> Iterator[RuleFinding]:
    yield from _check_string(target, _ARGUMENT, path, "target")
    # A symlink may point to names that are too long; the target of a hard link must exist.
    problem = length_problem(target, root) if hard else ""
    if not problem and _size(target) > PATH_MAX:
        problem = f"a link target of {_size(target)} bytes is too long"
    if problem:
        yield TOO_LONG.with_message(problem).at(*path)


def _check_owner(owner: dict[str, Any], kind: str, path: Path) -> Iterator[RuleFinding]:
    number = owner.get("id")
    if number is None:
        yield from _check_string(owner.get("name") or "", _ARGUMENT, (*path, kind, "name"), "name")
    elif number in _UNCHANGED:
        yield ID_OF_NOBODY.with_message(f"{kind}.id {number} leaves the owner as it is").at(
            *path, kind, "id"
        )
    elif not 0 <= number <= _ID_MAX:
        yield NO_ID.with_message(f"{kind}.id {number} is not a valid id").at(*path, kind, "id")


def _is_ordinary_unit(unit: dict[str, Any], short: int) -> bool:
    """A quick test for units whose names have no problems."""
    dropins = unit.get("dropins") or ()
    return _is_ordinary_name(unit.get("name") or "", short) and all(
        _is_ordinary_name(dropin.get("name") or "", short) for dropin in dropins
    )


def _is_ordinary_name(name: str, short: int) -> bool:
    letters = name.replace("-", "").replace(".", "").replace("@", "").replace("_", "")
    return len(name) <= short and letters.isascii() and letters.isalnum()


def _check_unit(unit: dict[str, Any], path: Path, root: str) -> Iterator[RuleFinding]:
    name = unit.get("name") or ""
    is_preset = unit.get("enabled") is not None
    yield from _check_string(name, _PATTERN if is_preset else _LINE, (*path, "name"), "name")
    problem = length_problem(_UNITS + name, root)
    if problem:
        yield TOO_LONG.with_message(f"name: {problem}").at(*path, "name")
    for index, dropin in enumerate(unit.get("dropins") or ()):
        where = (*path, "dropins", index, "name")
        inner = dropin.get("name") or ""
        yield from _check_string(inner, _LINE, where, "name")
        problem = problem or length_problem(f"{_UNITS}{name}.d/{inner}", root)
        if problem:
            yield TOO_LONG.with_message(f"name: {problem}").at(*where)
