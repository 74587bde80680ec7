# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/uki.md give a unified kernel image that boots, and an initrd that boots."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.testbed import ovmf
from ignition.testbed.cache import CHECKOUT, build_once, digest
from ignition.testbed.images import CPU, Image, images
from ignition.testbed.partition_table import ESP
from ignition.testbed.roots import SUITES, bootstrap
from ignition.testbed.source import installed_tree
from ignition.testbed.user_namespace import run_with_mounts
from tests.boot.conftest import CANNOT_HERE
from tests.support.boot import Boot, scratch_folder
from tests.support.boot_loaders import EFI_LOADER
from tests.support.disk_image import Part, assemble, vfat
from tests.support.uefi_images import root_without_boot

pytestmark = pytest.mark.slow
SUITE = "trixie"
PACKAGES = (*SUITES[SUITE][0], "mkosi", "cpio", "debian-archive-keyring")
PAGE = CHECKOUT / "docs/uki.md"
ADDON = "ignition-firstboot.addon.efi"
CONFIG = {
    "ignition": {"version": "3.4.0"},
    "storage": {"files": [{"path": "/etc/hello", "contents": {"source": "data:,hello"}}]},
    "passwd": {"users": [{"name": "ada"}]},
}
PATHS = ["/etc/hello", "/etc/passwd"]


def commands(*names: str) -> str:
    """The blocks of the page with these names."""
    blocks = dict(re.findall(r"<!-- (\w+) -->\n```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
    return "".join(blocks[name] for name in names)


def root() -> Path:
    """Debian 13 with what the page takes."""

    def make(folder: Path) -> None:
        bootstrap(SUITE, PACKAGES, folder)

    key, what = digest(SUITE, *PACKAGES), "a root for UKIs and mkosi"
    return build_once("uki-root", key, what, make, as_root=True, space_mib=2000) / "root"


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder with the files that the commands left in /boot; the marker `page` names both."""
    folder = scratch_folder(re.sub(r"\W+", "-", request.node.name) + "-built")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    source = folder / "tree/src/dracut-module"
    shutil.copytree(CHECKOUT / "dracut-module", source)
    text, files = request.param
    (folder / "commands").write_text(text)
    try:
        run_with_mounts(
            [
                *("sh", CHECKOUT / "tests/support/run-in-root", folder / "work", root()),
                *(folder / "commands", folder, files, installed_tree(), folder / "tree"),
            ],
            folder / "log",
        )
    except Failure as failure:
        if failure.code in CANNOT_HERE:
            pytest.skip(f"{failure}: {failure.hint}")
        raise
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "run",
    [pytest.param((commands("uki", "addon"), f"linux.efi {ADDON}"), id="uki")],
    indirect=True,
)
def test_a_unified_kernel_image_with_an_addon(boot: Boot, run: Path) -> None:
    """The firmware starts it; the addon makes the first boot one, and is gone in the second."""
    files = {EFI_LOADER: run / "linux.efi", f"loader/addons/{ADDON}": run / ADDON}
    esp = vfat(run / "esp", "ESP", 160, files)
    disk = run / "disk.img"
    system = root_without_boot(run, images(SUITE).disk, "")
    assemble(disk, [Part(esp, ESP, "esp"), Part(system, name="root")])
    image = Image("uki", disk, firmware="uefi", uefi=ovmf.find(), cpu=CPU)

    first = boot(CONFIG, image=image, paths=PATHS, script="cat /proc/cmdline")
    assert first.file("/etc/hello").text == "hello"
    assert "\nada:" in first.file("/etc/passwd").text
    assert "ignition.firstboot" in first.script.output.split()
    assert not first.facts.failed_units
    second = boot(CONFIG, again=first, script="cat /proc/cmdline")
    assert "ignition.firstboot" not in second.script.output.split()
    assert not second.phases


@pytest.mark.parametrize(
    "run",
    [pytest.param(("apt-get -q update\n" + commands("mkosi"), "initrd"), id="mkosi")],
    indirect=True,
)
def test_an_initrd_by_mkosi(boot: Boot, run: Path) -> None:
    boot.images = replace(images(SUITE), initramfs=run / "initrd")
    result = boot(CONFIG, paths=PATHS, cmdline="systemd.default_device_timeout_sec=600")
    assert result.file("/etc/hello").text == "hello"
    assert "\nada:" in result.file("/etc/passwd").text
