# SPDX-License-Identifier: Apache-2.0
"""Network and mount namespaces for tests, in which metadata services have their real addresses.

with own_network("169.254.169.254"): this thread and its children are in the new namespace. Needs root.
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
    """Why namespaces are not available here; "" if they are."""
    if os.geteuid() != 0:
        return "takes root, for a network namespace"
    return "" if shutil.which("ip") else "no ip: apt-get install iproute2"


@contextmanager
def own_network(*addresses: str) -> Iterator[None]:
    """Moves this thread to a new network namespace with these addresses on the loopback interface."""
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
    """Replaces /etc/hosts for this thread and its children. `names`: host name -> addresses."""
    lines = "".join(f"{each} {name}\n" for name, addresses in names.items() for each in addresses)
    return own_file("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{lines}")


@contextmanager
def own_file(path: str, text: str) -> Iterator[None]:
    """Replaces a file for this thread and its children. Needs root."""
    with tempfile.NamedTemporaryFile("w", prefix="own-file-") as file:
        file.write(text)
        file.flush()
        with own_mounts():
            run(["mount", "--bind", file.name, path])
            yield


@contextmanager
def own_mounts() -> Iterator[None]:
    """Moves this thread to a new mount namespace. Needs root. The working directory stays the same."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder = os.getcwd()
    before = os.open(_MOUNTS_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(_NEW_MOUNTS))
        try:
            run(["mount", "--make-rprivate", "/"])
            yield
        finally:
            # Threads that were started meanwhile share the working directory, which setns does not allow.
            _check(libc.unshare(_OWN_FOLDER))
            _check(libc.setns(before, _NEW_MOUNTS))
            os.chdir(folder)
    finally:
        os.close(before)


def add_address(address: str, interface: str = "lo") -> None:
    """Adds an address, without duplicate address detection."""
    bits = "128" if ":" in address else "32"
    now = ["nodad"] if ":" in address else []
    run(["ip", "addr", "add", f"{address}/{bits}", "dev", interface, *now])


def add_link(name: str, peer: str) -> None:
    """Creates a veth pair and sets both ends up."""
    run(["ip", "link", "add", name, "type", "veth", "peer", "name", peer])
    for each in (name, peer):
        run(["ip", "link", "set", each, "up"])


def add_route(interface: str) -> None:
    """Adds an IPv4 default route."""
    run(["ip", "route", "add", "default", "dev", interface])


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
