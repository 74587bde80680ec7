# SPDX-License-Identifier: Apache-2.0
"""Extracts the cause of a program's failure from its output.

Some programs print the cause first, others last, between banners, warnings and usage text.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_MESSAGES = 3
_MAX_LENGTH = 600
_KERNEL_KNOWS_MORE = "dmesg(1) may have more information"
# The first words of a usage text.
_USAGE = ("usage:", "extended options are")
# Prefixes, in lower case, of lines that do not name a cause.
_NOISE_PREFIXES = (
    "btrfs-progs v",
    "command failed",
    "dmesg(1) may",
    "mdadm: defaulting to version",
    "mdadm: note:",
    "mke2fs 1.",
    "mkfs.fat 3.",
    "mkfs.fat 4.",
    "see http",
    "see https",
    "try '",
    "try `",
    "unknown option -",
)
# Suffixes of such lines.
_NOISE_SUFFIXES = (": error detected, changes ignored",)


def summarize(stdout: str, stderr: str, args: Sequence[str] = (), started: float = 0) -> str:
    """The error messages in one line, "" if nothing was printed.

    `args` is the command, `started` its start on the monotonic clock. If the program refers to dmesg, the
    kernel's messages since then about the devices in `args` are appended.
    """
    text = _essence(stderr) or _essence(stdout) or _first_line(stderr) or _first_line(stdout)
    if _KERNEL_KNOWS_MORE in stderr and (kernel := "; ".join(_of_kernel(args, started))):
        text = f"{text}; the kernel: {kernel}"
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]} ..."


def _essence(text: str) -> str:
    found: list[str] = []
    warnings: list[str] = []
    for message in _messages(text):
        lower = message.lower()
        if lower.startswith(_NOISE_PREFIXES) or lower.endswith(_NOISE_SUFFIXES):
            continue
        is_warning = lower.startswith("warning") or ": warning" in lower
        into = warnings if is_warning else found
        if message not in into:
            into.append(message)
    return "; ".join((found or warnings)[:_MAX_MESSAGES])


def _messages(text: str) -> Iterator[str]:
    """The messages before any usage text. Indented lines continue the previous message."""
    message = ""
    for line in text.splitlines():
        if line.lower().lstrip().startswith(_USAGE):
            break
        if line[:1].isspace() and line.strip() and message:
            if not line.strip().lower().startswith(_NOISE_PREFIXES):
                message = f"{message} {line.strip()}"
            continue
        if message:
            yield message
        message = line.strip()
    if message:
        yield message


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _of_kernel(args: Sequence[str], started: float) -> list[str]:
    """The last kernel messages about these devices since `started` (Documentation/ABI/testing/dev-kmsg).

    For mount options, the kernel only names the filesystem type: `EXT4-fs: Unknown parameter 'x'`.
    """
    kinds = tuple(args[at + 1].lower() for at, arg in enumerate(args[:-1]) if arg == "-t")
    names = [os.path.basename(os.path.realpath(arg)) for arg in args if arg.startswith("/dev/")]
    found: list[str] = []
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        while True:
            head, _, text = os.read(log, 8192).decode("utf-8", "replace").partition(";")
            microseconds = head.split(",")[2:3]
            # The kernel's clock differs slightly from CLOCK_MONOTONIC.
            if microseconds and int(microseconds[0]) / 1e6 >= started - 0.01:
                line = text.partition("\n")[0]
                if any(name in line for name in names) or line.lower().startswith(kinds):
                    found.append(line)
    except (OSError, ValueError):
        pass  # all read
    finally:
        os.close(log)
    return found[-_MAX_MESSAGES:]
