# SPDX-License-Identifier: Apache-2.0
"""Values that the specs allow and no machine can be given: characters that would end the field or line that
a value becomes, numbers and paths beyond what the kernel takes.

None of this changes the verdict on a config: Ignition accepts them all, and fails or does harm when it
applies them. So lint reports them, and every phase that applies a config refuses those that are errors
before it looks at the machine.
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
    "a NUL byte in a text",
    hint="take it out: the kernel and every program take a text to end there",
)
"""Paths, names and the words of commands end at a NUL byte. What follows it would be lost without a word, so
such a text is refused before anything is changed. Bodies of files may hold any byte."""

LINE_BREAK = Rule(
    "IGN1969",
    "a character that ends the field or line that this value becomes",
    hint="take it out",
)
"""What is said about a user becomes a field of `/etc/passwd` or `/etc/shadow`; fields end at a colon, and
the line at a line break. A `passwordHash` with a line break in it could set the password of another account.
The same goes for line breaks in keys for ssh, unless each line is a key or a comment, in names of units and
drop-ins, in kernel arguments, labels and mount options. The name of a unit that has `enabled` becomes a
field of a preset file, where `*.service` would be all services; blanks, `*`, `?` and `[` are in no unit's
name."""

LEADING_HYPHEN = Rule(
    "IGN1970",
    "a name that begins with a hyphen, which programs take for an option",
    hint="begin it with a letter or a digit",
)
"""`mdadm`, `cryptsetup` and `mount` are given the name of the array, volume or device as a word of its
own."""

NO_ID = Rule(
    "IGN1971",
    "a number that no user or group can have",
    hint="use a number from 0 to 4294967294, or leave it out",
)
"""Numbers of users and groups have 32 bits, and the last of them (4294967295, or -1) is the kernel's word for
none. `useradd` and `groupadd` refuse such a number. As the owner of a file it would be cut off to another
number: 4294967296 is 0, which is root."""

ID_OF_NOBODY = Rule(
    "IGN1972",
    "a number that leaves the owner as it is",
    hint="leave id out to keep the owner, or give the number that is meant",
    severity=WARNING,
)
"""-1 and 4294967295 are what `chown` takes for "do not change". A new file then belongs to root."""

TOO_LONG = Rule(
    "IGN1973",
    "a path that is too long for Linux",
    hint="shorten it: a path has at most 4095 bytes, each name in it 255",
)
"""The limits are those of the kernel, and count bytes: a letter beyond ASCII takes 2 to 4. The folder that
the root of the target is mounted on counts too while the machine is provisioned."""

NOT_ABSOLUTE = Rule(
    "IGN1974",
    "a home or shell that does not begin with a slash",
    hint="give the whole path",
)
"""`useradd` refuses it."""

PATH_MAX = 4095
NAME_MAX = 255
_ID_MAX = 0xFFFFFFFE
_UNCHANGED = (-1, 0xFFFFFFFF)
_UNITS = "/etc/systemd/system/"

# What a value may not hold, by what it becomes: a word of a command or a path, a line of its own, a field.
_WORD = "\0"
_LINE = "\0\n\r"
_FIELD = "\0\n\r:"
_PATTERN = "\0\n\r \t*?["  # a field of a preset file, where these make it stand for other units

_ARGUMENTS = {"shouldExist": _LINE, "shouldNotExist": _LINE}
_GROUP = {"name": _FIELD, "passwordHash": _FIELD}
_USER = {
    **_GROUP,
    **dict.fromkeys(("gecos", "homeDir", "shell", "primaryGroup", "groups"), _FIELD),
    "sshAuthorizedKeys": _LINE,
}
_OF_STORAGE = {
    "disks": {"device": _WORD},
    "raid": {"name": _LINE, "level": _WORD, "devices": _WORD, "options": _WORD},
    "luks": {
        "name": _LINE + " \t",  # a blank would begin the next field of crypttab
        "device": _WORD,
        "label": _LINE,
        "uuid": _WORD,
        "options": _WORD,
        "openOptions": _WORD,
    },
    "filesystems": {
        "device": _WORD,
        "format": _WORD,
        "label": _LINE,
        "uuid": _WORD,
        "path": _WORD,
        "options": _WORD,
        "mountOptions": _LINE,
    },
}
_WORDS_OF_THEIR_OWN = {
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
    " ": "a blank",
    "\t": "a tab",
    "*": "an asterisk",
    "?": "a question mark",
    "[": "a bracket",
}


def check(config: dict[str, Any], root: str = "") -> Iterator[RuleFinding]:
    """All values of a config that no machine can be given. `root` is the folder that its paths lie in."""
    yield from _texts(config.get("kernelArguments") or {}, _ARGUMENTS, ("kernelArguments",), "")
    passwd = config.get("passwd") or {}
    for kind, number, fields in (("groups", "gid", _GROUP), ("users", "uid", _USER)):
        for index, item in enumerate(passwd.get(kind) or ()):
            yield from _account(item, number, fields, ("passwd", kind, index))
    storage = config.get("storage") or {}
    # A path of so many characters, all ASCII, is not too long in any way.
    short = min(NAME_MAX, PATH_MAX - _size(root))
    for kind, fields in _OF_STORAGE.items():
        for index, item in enumerate(storage.get(kind) or ()):
            yield from _device(item, kind, fields, ("storage", kind, index), root)
    for kind in ("directories", "files", "links"):
        for index, node in enumerate(storage.get(kind) or ()):
            if not _is_plain(node, short):
                yield from _node(node, ("storage", kind, index), root)
    for index, unit in enumerate((config.get("systemd") or {}).get("units") or ()):
        if not _is_plain_unit(unit, short // 4):
            yield from _unit(unit, ("systemd", "units", index), root)
    yield from headers.check(config)


def length_problem(path: str, root: str = "") -> str:
    """What is too long about a path, "" if nothing is."""
    if len(path) + len(root) <= NAME_MAX and path.isascii() and root.isascii():
        return ""
    size = _size(root) + _size(path)
    if size > PATH_MAX:
        return f"a path of {size} bytes is too long"
    longest = max(map(_size, path.split("/")))
    return f"a name of {longest} bytes is too long" if longest > NAME_MAX else ""


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _texts(
    item: dict[str, Any], fields: dict[str, str], path: Path, whose: str
) -> Iterator[RuleFinding]:
    """The members of an object, texts or lists of texts, that hold what they may not."""
    for member, forbidden in fields.items():
        value = item.get(member)
        if not value:
            continue
        if isinstance(value, str):
            yield from _text(value, forbidden, (*path, member), f"{whose}{member}")
        else:
            for index, text in enumerate(value):
                if member == "sshAuthorizedKeys":
                    text = _as_one_line(text)
                yield from _text(text, forbidden, (*path, member, index), f"{whose}{member}")


def _as_one_line(keys: str) -> str:
    """Without the ends of its lines, as far as each line is a key: an item may hold several, as those that
    installers make of a file do, and comments."""
    keys = keys.rstrip("\r\n")
    lines = keys.replace("\r\n", "\n").split("\n")
    return " ".join(lines) if all(map(_is_key, lines)) else keys


def _is_key(line: str) -> bool:
    words = line.strip()
    return not words or words.startswith("#") or any(kind in words for kind in _KEY_TYPES)


def _text(text: str, forbidden: str, path: Path, what: str) -> Iterator[RuleFinding]:
    for character in forbidden:
        if character in text:
            rule = LINE_BREAK if character != "\0" else NUL_BYTE
            yield rule.with_message(f"{what} holds {_NAMES[character]}").at(*path)
            return


def _account(
    item: dict[str, Any], number: str, fields: dict[str, str], path: Path
) -> Iterator[RuleFinding]:
    name = item.get("name") or ""
    if item.get("shouldExist") is False:
        # It becomes no field: there is no account of a name that cannot be one.
        yield from _text(name, _WORD, (*path, "name"), "name")
        return
    whose = f"{'user' if number == 'uid' else 'group'} {quote(name)}: "
    yield from _texts(item, fields, path, whose)
    wanted = item.get(number)
    if wanted is not None and not 0 <= wanted <= _ID_MAX:
        yield NO_ID.with_message(
            f"{whose}{number} {wanted} is no number that an account can have"
        ).at(*path, number)
    home, shell = item.get("homeDir") or "", item.get("shell") or ""
    # An asterisk is what systems with a login of their own have there, and useradd lets it pass.
    for member, value, first in (("homeDir", home, "/"), ("shell", shell, "/*")):
        if value and value[0] not in first:
            yield NOT_ABSOLUTE.with_message(f"{whose}{member} does not begin with a slash").at(
                *path, member
            )
    why = length_problem(home)
    if why:
        yield TOO_LONG.with_message(f"{whose}homeDir: {why}").at(*path, "homeDir")


def _device(
    item: dict[str, Any], kind: str, fields: dict[str, str], path: Path, root: str
) -> Iterator[RuleFinding]:
    yield from _texts(item, fields, path, "")
    for member in _WORDS_OF_THEIR_OWN[kind]:
        for text, where in _each(item, member, path):
            if text.startswith("-"):
                yield LEADING_HYPHEN.with_message(
                    f"{member} {quote(text)} begins with a hyphen"
                ).at(*where)
    for member in _PATHS[kind]:
        for text, where in _each(item, member, path):
            why = length_problem(text, root if member == "path" else "")
            if why:
                yield TOO_LONG.with_message(f"{member}: {why}").at(*where)
    for index, partition in enumerate(item.get("partitions") or () if kind == "disks" else ()):
        yield from _texts(partition, {"label": _LINE}, (*path, "partitions", index), "")


def _each(item: dict[str, Any], member: str, path: Path) -> Iterator[tuple[str, Path]]:
    value = item.get(member) or ()
    if isinstance(value, str):
        yield value, (*path, member)
    else:
        for index, text in enumerate(value):
            yield text, (*path, member, index)


def _is_plain(node: dict[str, Any], short: int) -> bool:
    """Whether nothing can be wrong with a node, seen quickly: there may be ten thousand."""
    where = node.get("path") or ""
    if len(where) > short or not where.isascii() or "\0" in where or "target" in node:
        return False
    user, group = node.get("user"), node.get("group")
    if user and ("id" in user or "\0" in (user.get("name") or "")):
        return False
    if group and ("id" in group or "\0" in (group.get("name") or "")):
        return False
    return 0 <= (node.get("mode") or 0) <= 0o7777


def _node(node: dict[str, Any], path: Path, root: str) -> Iterator[RuleFinding]:
    where = node.get("path") or ""
    if "\0" in where:
        yield NUL_BYTE.with_message("path holds a NUL byte").at(*path, "path")
    why = length_problem(where, root)
    if why:
        yield TOO_LONG.with_message(why).at(*path, "path")
    mode = node.get("mode")
    if mode is not None and not 0 <= mode <= 0o7777:
        # Only a cache that was written by hand can say so; a config was refused when it was read.
        from ignition.config.rules.nodes import ILLEGAL_MODE

        yield ILLEGAL_MODE.at(*path, "mode")
    if node.get("target"):
        yield from _target(node["target"], bool(node.get("hard")), (*path, "target"), root)
    if not node.get("hard"):  # whose owner is that of the file
        for kind in ("user", "group"):
            if node.get(kind):
                yield from _owner(node[kind], kind, path)


def _target(target: str, hard: bool, path: Path, root: str) -> Iterator[RuleFinding]:
    yield from _text(target, _WORD, path, "target")
    # The text of a symlink may hold names that there cannot be; a hard link must find its target.
    why = length_problem(target, root) if hard else ""
    if not why and _size(target) > PATH_MAX:
        why = f"a link text of {_size(target)} bytes is too long"
    if why:
        yield TOO_LONG.with_message(why).at(*path)


def _owner(owner: dict[str, Any], kind: str, path: Path) -> Iterator[RuleFinding]:
    number = owner.get("id")
    if number is None:
        yield from _text(owner.get("name") or "", _WORD, (*path, kind, "name"), "name")
    elif number in _UNCHANGED:
        yield ID_OF_NOBODY.with_message(f"{kind}.id {number} leaves the owner as it is").at(
            *path, kind, "id"
        )
    elif not 0 <= number <= _ID_MAX:
        yield NO_ID.with_message(f"{kind}.id {number} is no number that a {kind} can have").at(
            *path, kind, "id"
        )


def _is_plain_unit(unit: dict[str, Any], short: int) -> bool:
    """Whether nothing can be wrong with the names of a unit, seen quickly."""
    dropins = unit.get("dropins") or ()
    return _is_plain_name(unit.get("name") or "", short) and all(
        _is_plain_name(dropin.get("name") or "", short) for dropin in dropins
    )


def _is_plain_name(name: str, short: int) -> bool:
    letters = name.replace("-", "").replace(".", "").replace("@", "").replace("_", "")
    return len(name) <= short and letters.isascii() and letters.isalnum()


def _unit(unit: dict[str, Any], path: Path, root: str) -> Iterator[RuleFinding]:
    name = unit.get("name") or ""
    is_preset = unit.get("enabled") is not None
    yield from _text(name, _PATTERN if is_preset else _LINE, (*path, "name"), "name")
    why = length_problem(_UNITS + name, root)
    if why:
        yield TOO_LONG.with_message(f"name: {why}").at(*path, "name")
    for index, dropin in enumerate(unit.get("dropins") or ()):
        where = (*path, "dropins", index, "name")
        inner = dropin.get("name") or ""
        yield from _text(inner, _LINE, where, "name")
        why = why or length_problem(f"{_UNITS}{name}.d/{inner}", root)
        if why:
            yield TOO_LONG.with_message(f"name: {why}").at(*where)
