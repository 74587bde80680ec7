# SPDX-License-Identifier: Apache-2.0
"""Builds without root: in a user namespace, or with a list of what is missing."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.live.user_namespace_needs import missing
from ignition.testbed import user_namespace
from ignition.testbed.user_namespace import outer_uid, run_with_mounts

USER = pwd.getpwuid(os.getuid()).pw_name


def program(folder: Path, name: str, says: str = "") -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The root of a machine that has everything."""
    for name in ("unshare", "newuidmap", "newgidmap"):
        program(tmp_path / "bin", name, "unshare from util-linux 2.38.1")
    (tmp_path / "etc").mkdir()
    for name in ("subuid", "subgid"):
        (tmp_path / "etc" / name).write_text(f"other:1:65536\n{USER}:100000:65536\n\n# junk\n")
    for name, value in {
        "kernel/unprivileged_userns_clone": 1,
        "user/max_user_namespaces": 1000,
        "kernel/apparmor_restrict_unprivileged_userns": 0,
    }.items():
        path = tmp_path / "proc/sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return tmp_path


def reasons(machine: Path) -> tuple[list[str], list[str]]:
    return missing("unshare said this", root=machine, path=str(machine / "bin"))


def test_without_a_known_reason_the_message_is_passed_on(machine: Path) -> None:
    assert reasons(machine) == (["unshare said this"], [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kernel/unprivileged_userns_clone", "0"),
        ("user/max_user_namespaces", "0"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1"),
    ],
)
def test_settings_of_the_kernel(machine: Path, name: str, value: str) -> None:
    (machine / "proc/sys" / name).write_text(value)
    dotted = name.replace("/", ".")
    assert reasons(machine)[0] == [f"user namespaces: {dotted} is {value}"]
    assert reasons(machine)[1][0].startswith(f"sysctl -w {dotted}=")


def test_programs(machine: Path) -> None:
    (machine / "bin/newuidmap").unlink()
    assert reasons(machine) == (["newuidmap of the package uidmap"], ["apt-get install uidmap"])
    program(machine / "bin", "unshare", "unshare from util-linux 2.36.1")
    assert "this one is 2.36" in reasons(machine)[0][0]
    (machine / "bin/unshare").unlink()
    assert "there is none" in reasons(machine)[0][0]


@pytest.mark.parametrize("line", ["", f"{USER}:100000:1000", f"{USER}:100000", "other:1:65536"])
def test_subordinate_ids(machine: Path, line: str) -> None:
    (machine / "etc/subgid").write_text(line)
    assert reasons(machine)[0] == [f"65536 subordinate ids for {USER} in /etc/subgid"]
    (machine / "etc/subuid").unlink()
    assert reasons(machine)[0] == [
        f"65536 subordinate ids for {USER} in /etc/subuid and /etc/subgid"
    ]
    assert (
        f"--add-subuids 524288-589823 --add-subgids 524288-589823 {USER}" in reasons(machine)[1][0]
    )


def test_a_line_by_number_counts(machine: Path) -> None:
    (machine / "etc/subuid").write_text(f"{os.getuid()}:100000:65536\n")
    assert reasons(machine)[0] == ["unshare said this"]


def test_all_that_is_missing_is_listed_at_once(machine: Path) -> None:
    (machine / "bin/newuidmap").unlink()
    (machine / "etc/subuid").unlink()
    (machine / "proc/sys/user/max_user_namespaces").write_text("0")
    assert len(reasons(machine)[0]) == 3


def test_a_failure_passes_the_border_of_the_namespace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    user_namespace.print_failure(Failure("IGN8005", "no mirror", hint="check it"))
    failure = user_namespace._failure("noise\n" + capsys.readouterr().out, 1)
    assert (failure.code, failure.text, failure.hint) == ("IGN8005", "no mirror", "check it")
    assert user_namespace._failure("", 137).code == "IGN8002"


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become others")
class TestAsRoot:
    def test_mounts_are_not_seen_outside(self, tmp_path: Path) -> None:
        target = tmp_path / "target"
        target.mkdir()
        script = f"mount -t tmpfs tmpfs {target} && touch {target}/inside && echo done"
        run_with_mounts(["sh", "-c", script], tmp_path / "log")
        assert (tmp_path / "log").read_text() == "done\n"
        assert not list(target.iterdir())

    def test_a_root_that_may_not_mount(self, tmp_path: Path) -> None:
        """As in a container without privileges."""
        code = (
            "from pathlib import Path; from ignition.base.errors import Failure\n"
            "from ignition.testbed.user_namespace import run_with_mounts\n"
            f"try: run_with_mounts(['true'], Path('{tmp_path}/log'))\n"
            "except Failure as failure: print(failure.code, failure.hint)"
        )
        drop = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
        done = subprocess.run(
            [*drop, sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("IGN8003 "), done.stderr
        assert "--privileged" in done.stdout

    def test_a_user_without_subordinate_ids(self, tmp_path: Path) -> None:
        """`nobody` has none on any machine."""
        code = (
            "from ignition.base.errors import Failure\n"
            "from ignition.testbed.user_namespace import run_module\n"
            "import json, os; os.setuid(65534)\n"
            "try: run_module('ignition.testbed.images')\n"
            "except Failure as failure: print(json.dumps([failure.code, failure.text]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        code, text = json.loads(done.stdout)
        assert code == "IGN8003"
        assert "65536 subordinate ids for nobody in /etc/subuid and /etc/subgid" in text


def test_the_id_outside_of_the_namespace() -> None:
    assert outer_uid() == os.geteuid() or os.geteuid() == 0
    code = "from ignition.testbed.user_namespace import outer_uid; print(outer_uid())"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert int(done.stdout) == os.geteuid()
