# SPDX-License-Identifier: Apache-2.0
"""Runs providers against metadata services at their real addresses, in a private network namespace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ignition.acquisition import platforms
from ignition.base.settings import Settings
from ignition.engine import main
from ignition.resource.context import FetchContext, Transport
from ignition.testbed.httpserver import HttpServer
from ignition.testbed.metadata import FAKES, Fake
from tests.support import network

RACING = ("openstack", "brightbox", "cloudstack")
"""Platforms that ask a service and drives in parallel."""
IN_REAL_TIME = (*RACING, "kubevirt")
"""Platforms that wait for several sources in parallel, so their tests need the real clock."""
BY_NAME = ("packet",)
"""Platforms whose service has a host name and TLS; the fake runs on loopback."""
needs_network = pytest.mark.skipif(bool(network.missing()), reason=network.missing())


@contextmanager
def served(platform: str, fake: Fake, machine: Any) -> Iterator[HttpServer]:
    """Runs a fake service of the platform for this machine."""
    machine.settings.platform = platform
    if platform in BY_NAME:
        with HttpServer(service=fake.answer) as server:
            machine.settings.metadata_base = server.url()
            yield server
        return
    if platform == "cloudstack":
        machine.settings.dhcp_leases_dir = str(machine.folder / "leases")
        machine.write("leases/2", f"ADDRESS=10.1.1.7\nSERVER_ADDRESS={fake.address}\n".encode())
    with (
        network.own_network(fake.address),
        HttpServer(host=fake.address, port=80, service=fake.answer) as server,
    ):
        yield server


def context(platform: str, machine: Any, *, total: int = 30, headers: int = 10) -> FetchContext:
    """The context for the provider. Sleeps are skipped, except for parallel sources."""
    ctx: FetchContext = machine.context().with_transport(Transport(total=total, headers=headers))
    if platform in IN_REAL_TIME:
        ctx.clock, ctx.sleep = time.monotonic, time.sleep
        # Without a limit a failing test would wait for ever.
        machine.settings.wait_fetch = machine.settings.wait_fetch or 20
    return ctx


def fetch(platform: str, machine: Any, **options: int) -> bytes:
    """Calls the provider."""
    machine.settings.platform = platform
    data: bytes = platforms.provider(platform).fetch(context(platform, machine, **options))
    return data


def asked(server: HttpServer) -> list[str]:
    """Method and path of each request."""
    return [f"{seen.method} {seen.path}" for seen in server.requests]


def fake(platform: str, user_data: bytes | None) -> Fake:
    return FAKES[platform](user_data)


def later(seconds: float, act: Callable[[], None]) -> threading.Thread:
    """Calls a function after some seconds, in the network namespace of the calling thread."""

    def run() -> None:
        time.sleep(seconds)
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def run(machine: Any, *phases: str, platform: str = "packet", base: str = "") -> int:
    """Runs phases in this process, on the machine's directory. Returns the exit status."""
    settings: Settings = machine.settings
    settings.platform, settings.metadata_base = platform, base
    settings.root = str(machine.folder / "root")
    settings.config_cache = str(machine.folder / "run/ignition.json")
    settings.state_file = str(machine.folder / "run/state")
    settings.neednet = str(machine.folder / "run/neednet")
    settings.log_to_stdout = True
    return main.run(list(phases), settings)
