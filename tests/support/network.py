# SPDX-License-Identifier: Apache-2.0
"""A network of the test's own, where metadata services have their real addresses.

with own_network("169.254.169.254"): everything that this thread does, and what it starts, sees that network
alone. Takes root. Nothing is left afterwards.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from ignition.testbed.programs import run

_NEW_NETWORK = 0x40000000
_NEW_MOUNTS = 0x00020000
_OWN_FOLDER = 0x00000200
_HERE = "/proc/thread-self/ns/net"
_MOUNTS_HERE = "/proc/thread-self/ns/mnt"


def missing() -> str:
    """Why no such network can be had here; empty if it can."""
    if os.geteuid() != 0:
        return "takes root, for a network of its own"
    return "" if shutil.which("ip") else "no ip: apt-get install iproute2"


@contextmanager
def own_network(*addresses: str) -> Iterator[None]:
    """Moves this thread to a new network, whose loopback interface has these addresses too."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(_NEW_NETWORK))
        try:
            run(["ip", "link", "set", "lo", "up"])
            for address in addresses:
                add_address(address)
            yield
        finally:
            _check(libc.setns(before, _NEW_NETWORK))
    finally:
        os.close(before)


def own_names(names: Mapping[str, Sequence[str]]) -> AbstractContextManager[None]:
    """Host name -> addresses, for this thread and what it starts: they see an /etc/hosts with these alone."""
    lines = "".join(f"{each} {name}\n" for name, addresses in names.items() for each in addresses)
    return own_file("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{lines}")


@contextmanager
def own_file(path: str, text: str) -> Iterator[None]:
    """This thread and what it starts see a file that holds this text. Takes root."""
    with tempfile.NamedTemporaryFile("w", prefix="own-file-") as file:
        file.write(text)
        file.flush()
        with own_mounts():
            run(["mount", "--bind", file.name, path])
            yield


@contextmanager
def own_mounts() -> Iterator[None]:
    """What this thread and what it starts mount from now on, they alone see, and it is gone afterwards.

    Takes root. The folder that this thread works in stays the same.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    folder = os.getcwd()
    before = os.open(_MOUNTS_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(_NEW_MOUNTS))
        try:
            run(["mount", "--make-rprivate", "/"])
            yield
        finally:
            # Threads of servers started in between share the working folder, which forbids to go back.
            _check(libc.unshare(_OWN_FOLDER))
            _check(libc.setns(before, _NEW_MOUNTS))
            os.chdir(folder)
    finally:
        os.close(before)


def add_address(address: str, interface: str = "lo") -> None:
    """Gives an interface one address more, usable at once."""
    bits = "128" if ":" in address else "32"
    now = ["nodad"] if ":" in address else []
    run(["ip", "addr", "add", f"{address}/{bits}", "dev", interface, *now])


def add_link(name: str, peer: str) -> None:
    """A pair of interfaces that are joined by a cable, both up."""
    run(["ip", "link", "add", name, "type", "veth", "peer", "name", peer])
    for each in (name, peer):
        run(["ip", "link", "set", each, "up"])


def add_route(interface: str) -> None:
    """IPv4 leads out by this interface."""
    run(["ip", "route", "add", "default", "dev", interface])


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
