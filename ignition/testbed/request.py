# SPDX-License-Identifier: Apache-2.0
"""The request: what the reporter in the guest shall collect."""

from __future__ import annotations

import io
import math
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ignition.testbed.expectations.model import (
    Command,
    Expectation,
    Expectations,
    Link,
    Node,
    Port,
    Unit,
    User,
)

ENTRY = "opt/ignition.test/request"
"""The fw_cfg entry of the packed request."""
RESULT_FILE = "/etc/.ignition-result.json"
"""What was provisioned, in the place where Ignition writes it too."""


@dataclass(frozen=True)
class Request:
    """What is collected besides the facts that every report has.

    paths      single paths, with the content of files
    trees      folders with all below them on the same file system
    units      whose properties are asked for
    waits      unit, and the seconds that it may take to become active
    commands   run by root after everything else was collected
    shell      after the report: a root shell on the serial console; its exit powers the machine off
    users      whose authorized keys are asked for
    ports      protocol and number; each gets some seconds to be listened on
    script     shell script that runs before anything is collected
    """

    paths: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    waits: tuple[tuple[str, float], ...] = ()
    commands: tuple[Command, ...] = ()
    shell: bool = False
    users: tuple[str, ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    script: str = ""

    def pack(self) -> bytes:
        """The tar archive that the reporter reads; equal requests give equal bytes."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, body in self._parts().items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(body), 0o600
                tar.addfile(entry, io.BytesIO(body))
        return out.getvalue()

    def _parts(self) -> dict[str, bytes]:
        """File name -> content; lists that are empty are left out."""
        parts = {
            "paths": _lines(self.paths),
            "trees": _lines(self.trees),
            "units": _lines(self.units),
            "users": _lines(self.users),
            "waits": _lines(f"{math.ceil(seconds)} {unit}" for unit, seconds in self.waits),
            "ports": _lines(f"{protocol} {port:04X}" for protocol, port in self.ports),
            "script": self.script.encode(errors="surrogateescape"),
            "shell": b"yes\n" if self.shell else b"",
        }
        for number, command in enumerate(self.commands, start=1):
            # The number has a fixed width, so that the order of names is the order of commands.
            folder = f"commands/{number:04}"
            parts[f"{folder}/run"] = command.run.encode(errors="surrogateescape")
            parts[f"{folder}/timeout"] = f"{max(1, math.ceil(command.timeout))}\n".encode()
        return {name: body for name, body in parts.items() if body}


def request_for(expectations: Expectations, *, second_boot: bool) -> Request:
    """The facts that the expectations need; with `second_boot`, also those that compare two boots."""
    items = expectations.items
    units = [item for item in items if isinstance(item, Unit)]
    return Request(
        paths=_unique(
            [
                *(path for item in items for path in _paths(item)),
                *([RESULT_FILE] if second_boot else []),
            ]
        ),
        units=_unique(unit.name for unit in units),
        waits=tuple((unit.name, unit.within) for unit in units if unit.active and unit.within > 0),
        commands=tuple(item for item in items if isinstance(item, Command)),
        users=_unique(item.name for item in items if isinstance(item, User) and item.keys),
        ports=tuple(
            dict.fromkeys(
                (item.protocol, item.port)
                for item in items
                if isinstance(item, Port) and item.listening
            )
        ),
    )


def _paths(item: Expectation) -> Iterator[str]:
    if isinstance(item, Node):
        yield item.path
    if isinstance(item, Link) and item.hard and item.target is not None:
        yield item.target


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _lines(entries: Iterable[str]) -> bytes:
    """One entry per line. An entry with a line break is left out: its fact is then not collected."""
    return b"".join(
        entry.encode(errors="surrogateescape") + b"\n"
        for entry in entries
        if entry and not any(char in entry for char in "\n\0")
    )
