# SPDX-License-Identifier: Apache-2.0
"""Accounts of the target, read from its own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.base.errors import Failure
from ignition.system.accounts import Accounts, Group, User
from ignition.system.root import Root
from tests.support.special_files import KINDS, put


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    for path, text in {
        "etc/passwd": "broken:x\ncore:x:500:501:C:/home/core:/bin/sh\ncored:x:1:1::/:/\nbad:x:-1:x::/:\n",
        "etc/group": "core:x:501:\nwheel:x:10:core,root\n",
        "usr/lib/passwd": "chrony:x:994:993::/:/sbin/nologin\ncore:x:1:1::/other:/\n",
        "usr/lib/group": "chrony:x:993:\n",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Accounts(Root(str(tmp_path)))


def test_only_files_without_nsswitch_conf(accounts: Accounts) -> None:
    assert accounts.user("core") == User("core", 500, 501, "/home/core")
    assert accounts.group("wheel") == Group("wheel", 10)
    # The whole name must match, not the beginning of a line.
    for name in ("chrony", "broken", "bad", "", "root", "core:x", "core:x:500"):
        assert accounts.user(name) is None
    assert accounts.group("chrony") is None
    assert accounts.group("wheel:x") is None


@pytest.mark.parametrize(
    "line",
    [
        "files altfiles",
        "files [SUCCESS=merge] altfiles systemd",
        "\tsss  files altfiles\t# as built",
    ],
)
def test_altfiles(accounts: Accounts, tmp_path: Path, line: str) -> None:
    (tmp_path / "etc/nsswitch.conf").write_text(
        f"# here\npasswd:{line}\n group : {line}\nshadow: files\n"
    )
    assert accounts.user("chrony") == User("chrony", 994, 993, "/")
    assert accounts.group("chrony") == Group("chrony", 993)
    assert accounts.user("core") == User("core", 500, 501, "/home/core")


def test_first_source_wins(accounts: Accounts, tmp_path: Path) -> None:
    (tmp_path / "etc/nsswitch.conf").write_text("passwd: altfiles files\n")
    assert accounts.user("core") == User("core", 1, 1, "/other")


def test_settings_of_the_vendor_hold_until_etc_has_the_file(
    accounts: Accounts, tmp_path: Path
) -> None:
    folder = tmp_path / "usr/etc"
    folder.mkdir(parents=True)
    (folder / "nsswitch.conf").write_text("passwd: files altfiles\n")
    (folder / "login.defs").write_text("USERGROUPS_ENAB yes\n")
    assert accounts.user("chrony") is not None
    assert accounts.usergroups_enabled()
    for name in ("nsswitch.conf", "login.defs"):
        (tmp_path / "etc" / name).write_text("")
    assert accounts.user("chrony") is None
    assert not accounts.usergroups_enabled()


def test_root_synthesised_by_nss_systemd(accounts: Accounts, tmp_path: Path) -> None:
    (tmp_path / "etc/nsswitch.conf").write_text("passwd: files systemd\ngroup: files systemd\n")
    assert accounts.user("root") == User("root", 0, 0, "/root")
    assert accounts.group("nobody") == Group("nobody", 65534)


def test_files_are_read_on_every_call(accounts: Accounts, tmp_path: Path) -> None:
    assert accounts.user("new") is None
    with (tmp_path / "etc/passwd").open("a") as file:
        file.write("new:x:1000:1000::/home/new:/bin/sh\n")
    assert accounts.user("new") is not None


@pytest.mark.parametrize(
    ("text", "base"),
    [("", "/home"), ("SHELL=/x\nHOME=/var/home\n", "/var/home"), ("HOME=\n", "/home")],
)
def test_home_base(accounts: Accounts, tmp_path: Path, text: str, base: str) -> None:
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "etc/default/useradd").write_text(text)
    assert accounts.home_base() == base


def test_no_account_files(tmp_path: Path) -> None:
    accounts = Accounts(Root(str(tmp_path)))
    assert accounts.user("root") is None
    assert accounts.group("root") is None


@pytest.mark.parametrize(
    "field", ["9" * 5000, "-1", "4294967295", "4294967296", "\u0661", "", "1e3", "+1", "0x1"]
)
def test_line_with_an_invalid_id_is_ignored(accounts: Accounts, tmp_path: Path, field: str) -> None:
    (tmp_path / "etc/passwd").write_text(f"odd:x:{field}:1::/:\n")
    (tmp_path / "etc/group").write_text(f"odd:x:{field}:\n")
    assert (accounts.uid("odd"), accounts.gid("odd")) == (None, None)


def test_line_with_a_nul_byte_is_ignored(accounts: Accounts, tmp_path: Path) -> None:
    (tmp_path / "etc/passwd").write_bytes(b"odd:x:1:1::/home\0/x:\n")
    assert accounts.user("odd") is None


@pytest.mark.parametrize("kind", [*KINDS[:5], "sparse"])
@pytest.mark.parametrize("name", ["passwd", "group", "nsswitch.conf", "default/useradd", "shadow"])
def test_account_file_of_another_type_is_refused(
    accounts: Accounts, tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / "etc" / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    put(path, kind)
    with pytest.raises(Failure) as caught:
        accounts.user("core")
        accounts.group("core")
        accounts.has_password_hash("shadow", "core", "x")
        accounts.home_base()
    assert caught.value.code == ("IGN3403" if kind == "sparse" else "IGN3402")
