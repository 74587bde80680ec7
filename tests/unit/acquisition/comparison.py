# SPDX-License-Identifier: Apache-2.0
"""Boots Ignition and this engine on identical machines up to the config cache and compares the results."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ignition.base.settings import Settings
from ignition.engine import main
from ignition.testbed.httpserver import HttpServer, Seen
from ignition.testbed.programs import run
from tests.support import network, peer

WAITS = -1
"""Status of a phase that was still waiting at its time limit."""
CONFIG = b'{"ignition": {"version": "3.3.0"}, "storage": {"directories": [{"path": "/a"}]}}'
Servers = Callable[[], contextlib.AbstractContextManager[Sequence[HttpServer]]]
_OF_THE_CONNECTION = ("connection", "content-length")


@dataclasses.dataclass(frozen=True)
class BootResult:
    """The results of one boot.

    `offline` and `online` are the exit statuses of fetch-offline and fetch, None for a phase that the units
    would not start. `cache` is the cached config, `configs` the user configs in the state (None without a
    state), `modes` the modes of cache and state, `requests` the requests that reached the servers.
    """

    offline: int
    online: int | None
    neednet: bool
    cache: Any
    configs: list[str] | None
    modes: dict[str, str]
    requests: list[str]


@dataclasses.dataclass
class Pair:
    """The input of both machines. `config` is for the platform `file`. `limit` bounds a phase of Ignition,
    `wait` a phase of this engine, in seconds."""

    folder: Path
    platform: str
    config: bytes | None = None
    user_ign: bytes | None = None
    cmdline: str = ""
    fetch_timeout: int = 20
    limit: float = 30
    wait: int = 0
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def boot(self, servers: Servers | None = None) -> tuple[BootResult, BootResult]:
        """The results of Ignition and of this engine. Each has its own servers."""
        return self._boot("theirs", self.theirs, servers), self._boot("ours", self.ours, servers)

    def _boot(self, name: str, phase: Callable[[str], int], servers: Servers | None) -> BootResult:
        side = self.folder / name
        for below in ("system", "run", "root"):
            (side / below).mkdir(parents=True)
        (side / "cmdline").write_text(f"quiet {self.cmdline}\n")
        if self.config is not None:
            (side / "config.ign").write_bytes(self.config)
        if self.user_ign is not None:
            (side / "system/user.ign").write_bytes(self.user_ign)
        with contextlib.ExitStack() as stack:
            if self.cmdline:  # release 2.14 does not take another path
                text = (side / "cmdline").read_text()
                stack.enter_context(network.own_file("/proc/cmdline", text))
            running = stack.enter_context(servers()) if servers else ()
            offline, online = phase("fetch-offline"), None
            asked = (side / "run/neednet").exists()
            if asked and not (side / "run/cache").exists():  # the conditions of the unit
                online = phase("fetch")
            return BootResult(
                offline,
                online,
                asked,
                _value(side / "run/cache"),
                _configs(side / "run/state"),
                _modes(side / "run"),
                _requests(running),
            )

    def theirs(self, phase: str) -> int:
        """Runs a phase of Ignition."""
        side = self.folder / "theirs"
        args = [peer.engine(), "-platform", self.platform, "-stage", phase, "-log-to-stdout"]
        args += ["-root", str(side / "root"), "-config-cache", str(side / "run/cache")]
        args += ["-state-file", str(side / "run/state"), "-neednet", str(side / "run/neednet")]
        args += ["-fetch-timeout", f"{self.fetch_timeout}s"]
        environment = {
            "PATH": os.environ["PATH"],
            "IGNITION_CONFIG_FILE": str(side / "config.ign"),
            "IGNITION_SYSTEM_CONFIG_DIR": str(side / "system"),
            **self.environment,
        }
        with (side / "log").open("ab") as log:
            try:
                done = subprocess.run(
                    args, env=environment, stdout=log, stderr=log, timeout=self.limit, check=False
                )
            except subprocess.TimeoutExpired:
                return WAITS
        return done.returncode

    def ours(self, phase: str) -> int:
        """Runs a phase of this engine, in this process."""
        side = self.folder / "ours"
        settings = Settings()
        settings.platform, settings.log_to_stdout = self.platform, True
        settings.root, settings.run_dir = str(side / "root"), str(side / "run")
        settings.config_cache = str(side / "run/cache")
        settings.state_file = str(side / "run/state")
        settings.neednet = str(side / "run/neednet")
        settings.fetch_timeout, settings.wait_fetch = self.fetch_timeout, self.wait
        settings.config_file = str(side / "config.ign")
        settings.kernel_cmdline_path = str(side / "cmdline")
        none = str(side / "none")
        settings.system_config_dirs = (none, none, str(side / "system"))
        return main.run([phase], settings)

    def log(self) -> str:
        """The log of Ignition."""
        return (self.folder / "theirs/log").read_text()


def differences(theirs: BootResult, ours: BootResult) -> set[str]:
    """The attributes that differ."""
    names = [field.name for field in dataclasses.fields(BootResult)]
    return {name for name in names if getattr(theirs, name) != getattr(ours, name)}


@contextlib.contextmanager
def private_dev(links: Mapping[str, Path]) -> Iterator[None]:
    """A minimal /dev; `links` maps a path below it to the image of a drive, which becomes a symlink to a loop
    device. Needs root."""
    with contextlib.ExitStack() as stack:
        drives = {name: stack.enter_context(_loop(image)) for name, image in links.items()}
        nodes = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", *drives.values()]
        there = {path: os.stat(path) for path in nodes}
        stack.enter_context(network.own_mounts())
        run(["mount", "-t", "tmpfs", "tmpfs", "/dev"])
        for path, status in there.items():
            os.mknod(path, status.st_mode, status.st_rdev)
        for name, device in drives.items():
            link = Path("/dev", name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(device)
        yield


@contextlib.contextmanager
def _loop(image: Path) -> Iterator[str]:
    device = run(["losetup", "--read-only", "--find", "--show", image]).strip()
    try:
        yield device
    finally:
        run(["losetup", "--detach", device])


def _value(cache: Path) -> Any:
    return json.loads(peer.as_release_2_14(cache.read_text())) if cache.exists() else None


def _configs(state: Path) -> list[str] | None:
    """Without duplicates: Ignition records the provider's config again in a second fetch phase, and base
    configs in every phase."""
    if not state.exists():
        return None
    entries = json.loads(state.read_text())["fetchedConfigs"] or []
    users = [entry for entry in entries if entry["kind"] == "user"]
    return list(dict.fromkeys(f"{entry['source']} {entry['referenced']}" for entry in users))


def _modes(folder: Path) -> dict[str, str]:
    paths = [folder / name for name in ("cache", "state", "neednet") if (folder / name).exists()]
    return {path.name: stat.filemode(path.stat().st_mode) for path in paths}


def _requests(servers: Sequence[HttpServer]) -> list[str]:
    seen = [each for server in servers for each in server.requests]
    return [_request(each) for each in sorted(seen, key=lambda each: each.time)]


def _request(seen: Seen) -> str:
    """On one line, without what depends on the release or on the connection."""
    parts = [seen.method, seen.target]
    parts += [
        f"{name}={_header(name, value)}"
        for name, value in sorted(seen.headers.items())
        if name not in _OF_THE_CONNECTION
    ]
    return " ".join([*parts, seen.body.decode()]).rstrip()


def _header(name: str, value: str) -> str:
    if name == "user-agent":
        return value.partition("/")[0]
    return re.sub(r"version=3\.\d\.0", "version=newest", value)
