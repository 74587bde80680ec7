# SPDX-License-Identifier: Apache-2.0
"""What a program that failed really said, out of all that it printed.

The cause stands first for some programs, last for others; around it are banners, warnings, pages of usage.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_MESSAGES = 3
_MOST_LETTERS = 600
_KERNEL_KNOWS_MORE = "dmesg(1) may have more information"
# What begins a page on how to call the program.
_USAGE = ("usage:", "extended options are")
# Lines that say nothing about the cause, by their beginnings, in small letters.
_NOISE = (
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
# The same by their ends.
_NOISY_ENDS = (": error detected, changes ignored",)


def summarize(stdout: str, stderr: str, args: Sequence[str] = (), started: float = 0) -> str:
    """The messages about the cause in one line, "" if nothing was printed.

    `args` are those of the command, `started` is when it began, on the monotonic clock. Where the program
    refers to the kernel's log, what the kernel said since then about what the command names is added.
    """
    text = _essence(stderr) or _essence(stdout) or _first_line(stderr) or _first_line(stdout)
    if _KERNEL_KNOWS_MORE in stderr and (kernel := "; ".join(_of_kernel(args, started))):
        text = f"{text}; the kernel: {kernel}"
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} ..."


def _essence(text: str) -> str:
    found: list[str] = []
    warnings: list[str] = []
    for message in _messages(text):
        lower = message.lower()
        if lower.startswith(_NOISE) or lower.endswith(_NOISY_ENDS):
            continue
        is_warning = lower.startswith("warning") or ": warning" in lower
        into = warnings if is_warning else found
        if message not in into:
            into.append(message)
    return "; ".join((found or warnings)[:_MOST_MESSAGES])


def _messages(text: str) -> Iterator[str]:
    """The messages before a page of usage. Lines that begin with a blank belong to the one before."""
    message = ""
    for line in text.splitlines():
        if line.lower().lstrip().startswith(_USAGE):
            break
        if line[:1].isspace() and line.strip() and message:
            if not line.strip().lower().startswith(_NOISE):
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
    """The last messages of the kernel about these devices since then (Documentation/ABI/testing/dev-kmsg).

    Of options it speaks by the kind of filesystem alone: `EXT4-fs: Unknown parameter 'x'`.
    """
    kinds = tuple(args[at + 1].lower() for at, word in enumerate(args[:-1]) if word == "-t")
    names = [os.path.basename(os.path.realpath(word)) for word in args if word.startswith("/dev/")]
    found: list[str] = []
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        while True:
            head, _, text = os.read(log, 8192).decode("utf-8", "replace").partition(";")
            microseconds = head.split(",")[2:3]
            # The clocks of kernel and program differ by little.
            if microseconds and int(microseconds[0]) / 1e6 >= started - 0.01:
                line = text.partition("\n")[0]
                if any(name in line for name in names) or line.lower().startswith(kinds):
                    found.append(line)
    except (OSError, ValueError):
        pass  # all read
    finally:
        os.close(log)
    return found[-_MOST_MESSAGES:]
