# SPDX-License-Identifier: Apache-2.0
"""The request: what the reporter in the guest shall collect."""

from __future__ import annotations

from dataclasses import dataclass

from ignition.testbed.expectations.model import Command, Expectations

ENTRY = "opt/ignition.test/request"
"""The fw_cfg entry of the packed request."""


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
        raise NotImplementedError


def request_for(expectations: Expectations, *, second_boot: bool) -> Request:
    """The facts that the expectations need; with `second_boot`, also those that compare two boots."""
    raise NotImplementedError
