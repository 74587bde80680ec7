# SPDX-License-Identifier: Apache-2.0
"""Sources that every platform reads, and the simplest platforms."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base.errors import Failure, NeedNetwork, NoProvider, NotFound
from ignition.providers import cmdline, file, metal, system
from ignition.testbed.httpserver import HttpServer

Machine = Any


def code_of(machine: Machine) -> str:
    with pytest.raises(Failure) as caught:
        cmdline.fetch(machine.context())
    return caught.value.code


def test_metal_has_no_config(machine: Machine) -> None:
    assert metal.fetch(machine.context()) == b""


def test_file(machine: Machine) -> None:
    with pytest.raises(Failure) as caught:
        file.fetch(machine.context())
    assert caught.value.code == "IGN5301"
    machine.write("config.ign", b"{}")
    assert file.fetch(machine.context()) == b"{}"


def test_user_ign_of_the_first_directory_counts(machine: Machine) -> None:
    machine.write("usr/user.ign", b"usr")
    assert system.fetch(machine.context()) == b"usr"
    machine.write("etc/user.ign", b"etc")
    assert system.fetch(machine.context()) == b"etc"
    machine.write("run/user.ign", b"")
    assert system.fetch(machine.context()) == b"", "an empty one is no config, and the last word"


def test_no_user_ign(machine: Machine) -> None:
    with pytest.raises(NoProvider):
        system.fetch(machine.context())
    path = f"{machine.folder}/run/user.ign"
    assert machine.lines[:2] == [f'reading system config file "{path}"', f'no config at "{path}"']


def test_user_ign_that_is_a_directory(machine: Machine) -> None:
    (machine.folder / "etc" / "user.ign").mkdir(parents=True)
    with pytest.raises(Failure) as caught:
        system.fetch(machine.context())
    assert caught.value.code == "IGN5302"


@pytest.mark.parametrize(
    "text", ["", "quiet", "ignition.config.url", "xignition.config.url=http://a"]
)
def test_command_line_without_a_config(machine: Machine, text: str) -> None:
    machine.cmdline(text)
    with pytest.raises(NoProvider):
        cmdline.fetch(machine.context())


def test_missing_command_line(machine: Machine) -> None:
    (machine.folder / "cmdline").unlink()
    assert code_of(machine) == "IGN5101"


def test_last_url_on_the_command_line_counts(machine: Machine) -> None:
    with HttpServer({"/a": b"a", "/b": b"b"}) as server:
        urls = [f"ignition.config.url={server.url(path)}" for path in ("/a", "/b")]
        machine.cmdline(" quiet ".join(urls))
        assert cmdline.fetch(machine.context()) == b"b"


def test_query_of_the_url_is_sent_but_not_logged(machine: Machine) -> None:
    with HttpServer({"/a": b"a"}) as server:
        machine.cmdline(f"ignition.config.url={server.url('/a?id=1&token=hush')}")
        assert cmdline.fetch(machine.context()) == b"a"
        assert server.requests[0].target == "/a?id=1&token=hush"
    assert "hush" not in "\n".join(machine.lines)


def test_url_requires_the_network(machine: Machine) -> None:
    machine.cmdline("ignition.config.url=http://host/a")
    with pytest.raises(NeedNetwork) as caught:
        cmdline.fetch(machine.context(offline=True))
    assert str(caught.value.origin) == "ignition.config.url= on the kernel command line"


def test_missing_url_is_an_error(machine: Machine) -> None:
    with HttpServer() as server:
        machine.cmdline(f"ignition.config.url={server.url('/a')}")
        with pytest.raises(NotFound):
            cmdline.fetch(machine.context())


@pytest.mark.parametrize("value", ["", ":a", "http://["])
def test_invalid_url_is_ignored(machine: Machine, value: str) -> None:
    machine.cmdline(f"ignition.config.url={value}")
    with pytest.raises(NoProvider):
        cmdline.fetch(machine.context())
    assert "ignoring it" in machine.lines[-1]


def test_url_without_scheme_is_no_config_with_a_warning(machine: Machine) -> None:
    machine.cmdline("ignition.config.url=host/a.ign")
    assert cmdline.fetch(machine.context()) == b""
    assert "has no scheme" in machine.lines[-1]
    assert "has no scheme" in machine.progress[-1]


def test_unsupported_scheme(machine: Machine) -> None:
    machine.cmdline("ignition.config.url=ftp://host/a.ign")
    assert code_of(machine) == "IGN4001"


@pytest.mark.parametrize("name", ["ignition.config.device=x", "ignition.config.path=x"])
def test_device_needs_a_path_and_path_a_device(machine: Machine, name: str) -> None:
    machine.cmdline(name)
    assert code_of(machine) == "IGN5102"


@pytest.mark.parametrize("label", [".", "..", "a/b"])
def test_label_with_a_slash_is_refused(machine: Machine, label: str) -> None:
    machine.cmdline(f"ignition.config.device={label} ignition.config.path=x")
    assert code_of(machine) == "IGN5103"


def test_missing_device(machine: Machine) -> None:
    machine.write("by-label/other", b"")
    machine.cmdline("ignition.config.device=config ignition.config.path=x")
    with pytest.raises(Failure) as caught:
        cmdline.fetch(machine.context())
    assert caught.value.code == "IGN5104"
    assert caught.value.hint == "existing labels: other"
    assert machine.now == 30


def test_unmountable_device(machine: Machine) -> None:
    machine.attach("config", {})
    machine.program("mount", "echo wrong fs type >&2; exit 32")
    machine.cmdline("ignition.config.device=config ignition.config.path=x")
    with pytest.raises(Failure) as caught:
        cmdline.fetch(machine.context())
    assert caught.value.code == "IGN5541"
    assert caught.value.hint == "wrong fs type"


def test_url_wins_over_device(machine: Machine) -> None:
    machine.cmdline("ignition.config.url=data:,a ignition.config.device=c ignition.config.path=x")
    assert cmdline.fetch(machine.context()) == b"a"
    assert any("ignoring ignition.config.device" in line for line in machine.lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
class TestRealFileSystem:
    @pytest.fixture(autouse=True)
    def disk(self, machine: Machine) -> None:
        """A filesystem with a config and symlinks, and its label."""
        machine.write("tree/dir/config.ign", b"{}")
        os.symlink("dir/config.ign", machine.folder / "tree/inside")
        os.symlink("/etc/passwd", machine.folder / "tree/outside")
        image = machine.folder / "image"
        tree = str(machine.folder / "tree")
        command = ["mke2fs", "-q", "-t", "ext4", "-d", tree, str(image), "4M"]
        subprocess.run(command, check=True)
        (machine.folder / "by-label").mkdir()
        os.symlink(image, machine.folder / "by-label/config")

    @pytest.mark.parametrize(
        "path", ["dir/config.ign", "/dir/config.ign", "../dir//config.ign", "inside"]
    )
    def test_file_is_read_and_the_device_unmounted(self, machine: Machine, path: str) -> None:
        machine.cmdline(f"ignition.config.device=config ignition.config.path={path}")
        assert cmdline.fetch(machine.context(offline=True)) == b"{}"
        assert os.listdir(machine.settings.run_dir) == []
        assert str(machine.folder) not in Path("/proc/self/mounts").read_text()

    @pytest.mark.parametrize(
        ("path", "code"), [("none", "IGN5105"), ("outside", "IGN7101"), ("dir", "IGN7101")]
    )
    def test_no_such_file(self, machine: Machine, path: str, code: str) -> None:
        machine.cmdline(f"ignition.config.device=config ignition.config.path={path}")
        assert code_of(machine) == code
        assert str(machine.folder) not in Path("/proc/self/mounts").read_text()

    def test_device_without_a_filesystem(self, machine: Machine) -> None:
        machine.write("image", bytes(4096))
        machine.cmdline("ignition.config.device=config ignition.config.path=x")
        assert code_of(machine) == "IGN5541"
        assert os.listdir(machine.settings.run_dir) == []
