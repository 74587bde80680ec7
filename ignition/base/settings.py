# SPDX-License-Identifier: Apache-2.0
"""Settings of a run, from flags, environment variables and the kernel command line.

Names and defaults are those of Ignition's flags, environment variables and link-time constants. Distributions
and tests can set all of them at run time.
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The phases of a boot, in order. --stage names one.
FETCH_OFFLINE = "fetch-offline"
FETCH = "fetch"
KARGS = "kargs"
DISKS = "disks"
MOUNT = "mount"
FILES = "files"
UMOUNT = "umount"
PHASE_NAMES = (FETCH_OFFLINE, FETCH, KARGS, DISKS, MOUNT, FILES, UMOUNT)

_TRUE = ("true", "1")
_FALSE = ("false", "0")


class Settings:
    """The settings of one run. Paths are strings; times are in seconds, 0 = no limit."""

    __slots__ = (
        "boot_id_path",
        "bootfifo",
        "by_contents",
        "config_cache",
        "config_file",
        "console",
        "dev_aliases_dir",
        "dhcp_leases_dir",
        "disk_by_label_dir",
        "dmi_dir",
        "fetch_timeout",
        "fw_cfg_dir",
        "hv_kvp_device",
        "hv_utils_driver",
        "kernel_cmdline_path",
        "log_to_stdout",
        "luks_key_dir",
        "metadata_base",
        "neednet",
        "platform",
        "programs",
        "result_file",
        "root",
        "run_dir",
        "selinux_relabel",
        "spool",
        "state_file",
        "system_config_dirs",
        "vboxguest_device",
        "wait_device",
        "wait_fetch",
        "write_authorized_keys_fragment",
        "zkey_dir",
    )

    def __init__(self) -> None:
        self.platform = ""
        self.root = "/"
        self.config_cache = "/run/ignition.json"
        self.neednet = "/run/ignition/neednet"
        self.state_file = "/run/ignition/state"
        self.fetch_timeout = 120
        self.log_to_stdout = False
        self.run_dir = "/run/ignition"
        self.dev_aliases_dir = "/run/ignition/dev_aliases"
        self.kernel_cmdline_path = "/proc/cmdline"
        self.system_config_dirs = ("/run/ignition", "/etc/ignition", "/usr/lib/ignition")
        self.config_file = "config.ign"
        self.disk_by_label_dir = "/dev/disk/by-label"
        self.boot_id_path = "/proc/sys/kernel/random/boot_id"
        self.result_file = "/etc/.ignition-result.json"
        self.luks_key_dir = "/etc/luks"
        self.zkey_dir = "/etc/zkey/repository"
        self.selinux_relabel = True
        self.write_authorized_keys_fragment = True
        self.fw_cfg_dir = "/sys/firmware/qemu_fw_cfg"
        self.hv_utils_driver = "/sys/bus/vmbus/drivers/hv_utils"
        self.hv_kvp_device = "/dev/vmbus/hv_kvp"
        self.bootfifo = "/sys/bus/platform/devices/MLNXBF04:00/bootfifo"
        self.dmi_dir = "/sys/class/dmi/id"
        self.vboxguest_device = "/dev/vboxguest"
        self.dhcp_leases_dir = "/run/systemd/netif/leases"
        # Replaces scheme and host of every metadata service; empty = the real ones.
        self.metadata_base = ""
        # The terminal for live progress; empty = standard error, if it is a terminal.
        self.console = ""
        # Ignition's defaults: fetching never times out, waiting for a device does after systemd's 90 s.
        self.wait_fetch = 0
        self.wait_device = 90
        # No journal tells who made what exists, as in `ignition apply`: what the config would make again
        # counts as made by an earlier run, and stays as it is.
        self.by_contents = False
        # A folder to which all files are fetched before the first change; "" fetches them when they are made.
        self.spool = ""
        # Program -> the name that the distribution uses instead.
        self.programs: dict[str, str] = {}

    def program(self, name: str) -> str:
        """The executable to run for a program: its own name, or the configured replacement."""
        return self.programs.get(name, name)

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """Applies Ignition's environment variables; an empty value counts as unset."""
        runtime, local, vendor = self.system_config_dirs
        self.system_config_dirs = (
            environment.get("IGNITION_SYSTEM_RUNTIME_CONFIG_DIR") or runtime,
            environment.get("IGNITION_SYSTEM_LOCAL_CONFIG_DIR") or local,
            environment.get("IGNITION_SYSTEM_CONFIG_DIR") or vendor,
        )
        self.kernel_cmdline_path = (
            environment.get("IGNITION_KERNEL_CMDLINE_PATH") or self.kernel_cmdline_path
        )
        self.config_file = environment.get("IGNITION_CONFIG_FILE") or self.config_file
        self.console = environment.get("IGNITION_CONSOLE") or self.console
        self.write_authorized_keys_fragment = _parse_bool(
            environment,
            "IGNITION_WRITE_AUTHORIZED_KEYS_FRAGMENT",
            self.write_authorized_keys_fragment,
        )
        self.selinux_relabel = _parse_bool(
            environment, "IGNITION_SELINUX_RELABEL", self.selinux_relabel
        )

    def read_kernel_command_line(self) -> None:
        """Applies `ignition.wait.fetch=` and `ignition.wait.device=` (seconds, or a Go duration)."""
        arguments = kernel_arguments(self.kernel_cmdline_path)
        for name in ("fetch", "device"):
            text = arguments.get(f"ignition.wait.{name}", "")
            if text:
                setattr(self, f"wait_{name}", _parse_wait(name, text))


def _parse_bool(environment: Mapping[str, str], name: str, default: bool) -> bool:
    text = environment.get(name, "")
    if not text:
        return default
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise Failure(
        "IGN6001",
        f"{name} is {text!r}, which is neither true nor false",
        hint="set it to true, 1, false or 0, or leave it out",
    )


def _parse_wait(name: str, text: str) -> int:
    try:
        seconds = int(parse_duration(f"{text}s" if text.isascii() and text.isdigit() else text))
        return max(seconds, 0)
    except ValueError:
        raise Failure(
            "IGN6002",
            f"the kernel argument ignition.wait.{name}={text} is not a time",
            hint="give seconds (90) or a duration (1m30s); 0 waits for ever",
        ) from None


def kernel_arguments(path: str) -> dict[str, str]:
    """The `name=value` arguments of a kernel command line; the last of repeated names counts.

    Arguments are separated by white space, without quoting. A missing file has none.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            arguments = file.read().split()
    except OSError:
        return {}
    return dict(word.split("=", 1) for word in arguments if "=" in word)


# Go's maximum duration: 2^63 - 1 nanoseconds.
_MAX_DURATION = (2**63 - 1) * 1e-9
_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "\u03bcs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}


def parse_duration(text: str) -> float:
    """Parses a Go duration (`90s`, `1h30m`, `1.5m`) into seconds. ValueError for others, also for a bare
    number."""
    rest = text.lstrip("+-") if text[:1] in ("+", "-") and text[1:2] not in ("+", "-") else text
    sign = -1.0 if text.startswith("-") else 1.0
    if rest == "0":
        return 0.0
    if not rest:
        raise ValueError(text)
    total = 0.0
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        number, rest = rest[:digits], rest[digits:]
        letters = len(rest) - len(rest.lstrip("nu\u00b5\u03bcmsh"))
        unit, rest = rest[:letters], rest[letters:]
        if unit not in _UNITS or number.count(".") > 1 or not number.strip("."):
            raise ValueError(text)
        total += float(number) * _UNITS[unit]
    if total > _MAX_DURATION:
        raise ValueError(text)
    return sign * total


def in_initramfs() -> bool:
    """Whether the system runs from the initramfs, which systemd marks with this file."""
    return os.path.exists("/etc/initrd-release")


def load_settings() -> Settings:
    """The settings from the environment and the kernel command line of this process."""
    settings = Settings()
    settings.read_environment(os.environ)
    settings.read_kernel_command_line()
    return settings
