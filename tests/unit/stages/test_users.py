# SPDX-License-Identifier: Apache-2.0
"""Users and groups, with the real tools."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ignition.base import journal
from ignition.base.errors import CommandFailed, Failure, Refused
from tests.support.skeleton import HASH, furnish, line
from tests.support.target import Target

KEYS = ".ssh/authorized_keys.d/ignition"


@pytest.fixture
def system(target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if shutil.which("useradd") is None:
        pytest.skip("no useradd here")
    return furnish(target)


def users(system: Target, *wanted: dict[str, Any]) -> list[str]:
    return system.run({"passwd": {"users": list(wanted)}}, "prepare", "users")


def groups(system: Target, *wanted: dict[str, Any]) -> list[str]:
    return system.run({"passwd": {"groups": list(wanted)}}, "prepare", "users")


def command_lines(system: Target, tool: str) -> list[str]:
    """The command lines of a tool, from the log."""
    return [text for text in system.log if f'executing: "{tool}"' in text]


def test_new_users(system: Target) -> None:
    steps = users(
        system,
        {"name": "test", "passwordHash": HASH, "sshAuthorizedKeys": ["key1", "key2"]},
        {"name": "jenkins", "uid": 1020},
    )
    assert steps == ["add user test", "add user jenkins"]
    assert line(system, "passwd", "test") == [
        "test",
        "x",
        "1000",
        "1000",
        "",
        "/home/test",
        "/bin/bash",
    ]
    assert (line(system, "shadow", "test") or [])[:2] == ["test", HASH]
    assert (line(system, "shadow", "jenkins") or [])[:2] == ["jenkins", "*"]
    assert (line(system, "passwd", "jenkins") or [])[2] == "1020"
    assert system.mode("/home/test") == 0o700
    assert system.owner("/home/test") == (1000, 1000)
    assert system.at("/home/test/.profile").exists()
    assert system.at(f"/home/test/{KEYS}").read_text() == "key1\nkey2\n"
    for path, mode in ((".ssh", 0o700), (".ssh/authorized_keys.d", 0o700), (KEYS, 0o600)):
        assert system.mode(f"/home/test/{path}") == mode
        assert system.owner(f"/home/test/{path}") == (1000, 1000)
    assert not system.critical


def test_hash_is_neither_logged_nor_on_a_command_line(system: Target) -> None:
    users(system, {"name": "test", "passwordHash": HASH})
    assert not any("saltsalt" in text for text in system.log)
    assert '"--password" "*"' in command_lines(system, "useradd")[0]


def test_unchanged_hash_is_not_set_again(system: Target) -> None:
    system.put("/etc/shadow", f"root:*:15887:0:::::\ncore:{HASH}:15887:0:::::\n", 0o640)
    users(system, {"name": "core", "passwordHash": HASH})
    assert (line(system, "shadow", "core") or [])[2] == "15887"


def test_hash_without_chpasswd(system: Target) -> None:
    system.settings.programs["chpasswd"] = "no-such-program"
    users(system, {"name": "test", "passwordHash": HASH})
    users(system, {"name": "core", "passwordHash": HASH})
    for name in ("test", "core"):
        assert (line(system, "shadow", name) or [])[1] == HASH
    assert not any("saltsalt" in text for text in system.log)
    assert not command_lines(system, "usermod")


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param({}, id="as usual"),
        pytest.param({"shadow": None, "gshadow": None}, id="none for hashes"),
        pytest.param({"shadow": "root:*:15887:0:::::\n", "gshadow": "root:*::\n"}, id="no lines"),
        pytest.param(
            {
                "passwd": "root:x:0:0::/root:/bin/sh\ncore:old:500:500::/home/core:/bin/sh\n",
                "group": "root:x:0:\ncore:x:500:\nwheel:old:10:root\n",
                "shadow": "root:*:15887:0:::::\n",
                "gshadow": "root:*::\n",
            },
            id="in the tables of all",
        ),
    ],
)
def test_both_ways_to_set_a_hash_agree(
    system: Target, tmp_path: Path, tables: dict[str, str | None]
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = furnish(Target(folder))
    for tool in ("chpasswd", "chgpasswd"):
        other.settings.programs[tool] = "no-such-program"
    users_and_groups = {
        "users": [{"name": name, "passwordHash": HASH} for name in ("test", "core")],
        "groups": [{"name": name, "passwordHash": HASH} for name in ("team", "wheel")],
    }
    for one in (system, other):
        for table, text in tables.items():
            if text is None:
                one.at(f"/etc/{table}").unlink()
            else:
                one.put(f"/etc/{table}", text, one.mode(f"/etc/{table}"))
        one.run({"passwd": users_and_groups}, "prepare", "users")
    trees = [
        {path: node for path, node in one.tree().items() if not path.endswith("-")}
        for one in (system, other)
    ]
    assert trees[0] == trees[1]


def test_plain_key_file(system: Target) -> None:
    system.settings.write_authorized_keys_fragment = False
    system.folder("/home/core/.ssh", 0o755, (500, 500))
    users(system, {"name": "core", "sshAuthorizedKeys": ["key"]})
    assert system.at("/home/core/.ssh/authorized_keys").read_text() == "key\n"
    assert system.mode("/home/core/.ssh") == 0o755


def test_deleting(system: Target) -> None:
    steps = users(
        system, {"name": "core", "shouldExist": False}, {"name": "test", "shouldExist": False}
    )
    assert steps == ["delete user core"]
    assert line(system, "passwd", "core") is None
    assert not system.at("/home/core").exists()


def test_groups(system: Target) -> None:
    groups(
        system,
        {"name": "jenkins", "gid": 1500, "passwordHash": ""},
        {"name": "service", "system": True},
        {"name": "secret", "passwordHash": HASH},
    )
    assert line(system, "group", "jenkins") == ["jenkins", "x", "1500", ""]
    assert 201 <= int((line(system, "group", "service") or [])[2]) <= 999
    assert (line(system, "gshadow", "secret") or [])[1] == HASH
    assert not any("saltsalt" in text for text in system.log)


def test_groups_deleted(system: Target) -> None:
    steps = groups(
        system, {"name": "docker", "shouldExist": False}, {"name": "none", "shouldExist": False}
    )
    assert steps == ["delete group docker"]
    assert line(system, "group", "docker") is None


def test_existing_group(system: Target) -> None:
    before = system.at("/etc/group").read_text()
    groups(system, {"name": "docker", "gid": 233}, {"name": "wheel"})
    assert system.at("/etc/group").read_text() == before
    groups(system, {"name": "docker", "gid": 234})
    assert (line(system, "group", "docker") or [])[2] == "234"


def test_gid_of_a_deleted_group_is_reused(system: Target) -> None:
    groups(system, {"name": "docker", "shouldExist": False}, {"name": "podman", "gid": 233})
    assert (line(system, "group", "podman") or [])[2] == "233"


def test_home_with_mount_points(system: Target) -> None:
    parts = ["/home/test", "/home/test/.ssh", "/home/test/.ssh/foo", "/home/test/.ssh/foo/bar"]
    for path in parts:
        system.folder(path)
    system.folder("/home/test2")
    system.state.notated_directories = [*parts, "/home/test2", "/srv"]
    system.run(
        {
            "passwd": {"users": [{"name": "test"}]},
            "storage": {"directories": [{"path": "/home/test/.ssh", "mode": 0o750}]},
        },
        "prepare",
        "users",
        "files",
    )
    assert (system.mode("/home"), system.owner("/home")) == (0o755, (0, 0))
    modes = {path: system.mode(path) for path in parts}
    assert modes == dict.fromkeys(parts, 0o700) | {"/home/test/.ssh": 0o750}
    assert {system.owner(path) for path in parts} == {(1000, 1000)}
    assert (system.mode("/home/test2"), system.owner("/home/test2")) == (0o755, (0, 0))


def test_nothing_to_change(system: Target) -> None:
    shutil.rmtree(system.at("/home/core"))
    before = system.tree()
    users(system, {"name": "core"})
    assert system.tree() == before


def test_groups_of_a_user_are_replaced(system: Target) -> None:
    users(system, {"name": "core", "groups": ["wheel", "docker"]})
    assert (line(system, "group", "docker") or [])[3] == "core"
    users(system, {"name": "core", "groups": ["wheel"]})
    assert (line(system, "group", "wheel") or [])[3] == "core"
    assert (line(system, "group", "docker") or [])[3] == ""


def test_home_moves(system: Target) -> None:
    system.put("/home/core/file", "mine", owner=(500, 500))
    system.folder("/srv")
    for _ in range(2):
        users(system, {"name": "core", "homeDir": "/srv/core"})
        assert (line(system, "passwd", "core") or [])[5] == "/srv/core"
        assert system.at("/srv/core/file").read_text() == "mine"
        assert not system.at("/home/core").exists()


@pytest.mark.parametrize(
    ("password", "field"),
    [
        pytest.param({}, "old", id="kept"),
        ({"passwordHash": ""}, "*"),
        ({"passwordHash": HASH}, HASH),
    ],
)
def test_password_of_an_existing_user(system: Target, password: dict[str, str], field: str) -> None:
    system.put("/etc/shadow", "root:*:15887:0:::::\ncore:old:15887:0:::::\n", 0o640)
    users(system, {"name": "core", "gecos": "New Name", **password})
    assert (line(system, "shadow", "core") or [])[1] == field
    assert (line(system, "passwd", "core") or [])[4] == "New Name"


def test_error_of_the_tool_is_reported(system: Target) -> None:
    with pytest.raises(CommandFailed) as caught:
        users(system, {"name": "core"}, {"name": "test", "gecos": "bell \a"})
    assert caught.value.code == "IGN3201"
    assert str(caught.value.origin) == "config.ign: /passwd/users/1"
    assert caught.value.hint


def test_every_option_once_and_in_order(system: Target) -> None:
    user = {
        "name": "test",
        "homeDir": "/srv/test",
        "noCreateHome": True,
        "noUserGroup": True,
        "system": True,
        "noLogInit": True,
        "uid": 250,
        "gecos": "A Test",
        "primaryGroup": "docker",
        "groups": ["wheel", "core"],
        "shell": "/bin/zsh",
    }
    users(system, user)
    expected = [
        "useradd", "--root", str(system.root), "--home-dir", "/srv/test", "--no-create-home",
        "--no-user-group", "--system", "--no-log-init", "--password", "*", "--uid", "250",
        "--comment", "A Test", "--gid", "docker", "--groups", "wheel,core", "--shell", "/bin/zsh",
        "--", "test",
    ]  # fmt: skip
    logged = command_lines(system, "useradd")[0].partition("executing: ")[2]
    assert logged == " ".join(f'"{word}"' for word in expected)
    assert line(system, "passwd", "test") == [
        "test",
        "x",
        "250",
        "233",
        "A Test",
        "/srv/test",
        "/bin/zsh",
    ]
    assert not system.at("/srv/test").exists()


def test_uid_zero_counts(system: Target) -> None:
    with pytest.raises(Refused, match='"root" has it'):
        users(system, {"name": "test", "uid": 0})


def test_user_and_own_group_are_deleted_together(system: Target) -> None:
    system.run(
        {
            "passwd": {
                "groups": [{"name": "core", "shouldExist": False}],
                "users": [{"name": "core", "shouldExist": False}],
            }
        },
        "prepare",
        "users",
    )
    assert line(system, "passwd", "core") is None
    assert line(system, "group", "core") is None


def test_deleted_user_with_a_primary_group_of_another_name(system: Target) -> None:
    system.put("/etc/group", "root:x:0:\nteam:x:500:\n")
    users_and_groups = {
        "groups": [{"name": "team", "shouldExist": False}],
        "users": [{"name": "core", "shouldExist": False}],
    }
    assert system.run({"passwd": users_and_groups}, "prepare", "users") == [
        "delete user core",
        "delete group team",
    ]
    assert line(system, "group", "team") is None


def test_keys_without_a_home(system: Target) -> None:
    with pytest.raises(Failure) as caught:
        users(system, {"name": "test", "noCreateHome": True, "sshAuthorizedKeys": ["key"]})
    assert caught.value.code == "IGN3213"
    assert line(system, "passwd", "test") is None


def test_keys_in_a_folder_of_root(system: Target) -> None:
    system.folder("/home/core/.ssh", 0o700)
    with pytest.raises(Failure, match="may not write"):
        users(system, {"name": "core", "sshAuthorizedKeys": ["key"]})
    assert list(system.at("/home/core/.ssh").iterdir()) == []


def owned_ssh(system: Target, mode: int, owner: tuple[int, int]) -> None:
    """The home of core, with an .ssh of the given owner."""
    system.folder("/home/core/.ssh", mode, owner)


@pytest.mark.parametrize(
    ("mode", "owner", "allowed"),
    [
        pytest.param(0o700, (500, 0), True, id="own"),
        pytest.param(0o500, (500, 500), False, id="own, not writable"),
        pytest.param(0o300, (500, 500), True, id="own, not readable"),
        pytest.param(0o077, (500, 500), False, id="own bits count first"),
        pytest.param(0o770, (0, 500), True, id="group"),
        pytest.param(0o707, (0, 500), False, id="group bits count before those of others"),
        pytest.param(0o703, (0, 0), True, id="others"),
        pytest.param(0o702, (0, 0), False, id="others, not searchable"),
    ],
)
def test_rights_of_the_user(
    system: Target, mode: int, owner: tuple[int, int], allowed: bool
) -> None:
    owned_ssh(system, mode, owner)
    wanted = {"name": "core", "sshAuthorizedKeys": ["key"]}
    if allowed:
        users(system, wanted)
        assert system.at(f"/home/core/{KEYS}").read_text() == "key\n"
    else:
        with pytest.raises(Failure, match="may not write"):
            users(system, wanted)


@pytest.mark.parametrize(
    ("mode", "owner", "allowed"),
    [(0o444, (500, 500), False), (0o600, (0, 0), False), (0o602, (0, 0), True)],
)
def test_rights_on_the_file(
    system: Target, mode: int, owner: tuple[int, int], allowed: bool
) -> None:
    system.settings.write_authorized_keys_fragment = False
    owned_ssh(system, 0o700, (500, 500))
    system.put("/home/core/.ssh/authorized_keys", "old", mode, owner)
    wanted = {"name": "core", "sshAuthorizedKeys": ["key"]}
    if allowed:
        users(system, wanted)
        assert system.at("/home/core/.ssh/authorized_keys").read_text() == "key\n"
        assert system.owner("/home/core/.ssh/authorized_keys") == owner
    else:
        with pytest.raises(Failure, match="may not write"):
            users(system, wanted)


@pytest.mark.parametrize("path", [".ssh", ".ssh/authorized_keys.d"])
def test_file_where_a_folder_is_needed(system: Target, path: str) -> None:
    owned_ssh(system, 0o700, (500, 500))
    if path == ".ssh":
        system.at("/home/core/.ssh").rmdir()
    system.put(f"/home/core/{path}", "x", 0o777, (500, 500))
    with pytest.raises(Failure) as caught:
        users(system, {"name": "core", "sshAuthorizedKeys": ["key"]})
    assert caught.value.code == "IGN3204"


def test_folder_where_the_file_is_needed(system: Target) -> None:
    for path in (".ssh", ".ssh/authorized_keys.d", KEYS):
        system.folder(f"/home/core/{path}", 0o700, (500, 500))
    with pytest.raises(Failure) as caught:
        users(system, {"name": "core", "sshAuthorizedKeys": ["key"]})
    assert caught.value.code == "IGN3204"


def test_root_may_write_everywhere(system: Target) -> None:
    system.folder("/root/.ssh", 0o700, (500, 500))
    users(system, {"name": "root", "sshAuthorizedKeys": ["key"]})
    assert system.at(f"/root/{KEYS}").read_text() == "key\n"


def test_record_in_the_journal(system: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = []
    monkeypatch.setattr(journal, "send", lambda *entry: entries.append(entry))
    users(system, {"name": "core", "sshAuthorizedKeys": ["key"]}, {"name": "root"})
    fields = {"IGNITION_USER_NAME": "core", "IGNITION_PATH": f"{system.root}/home/core/{KEYS}"}
    message = "wrote ssh authorized keys file for user: core"
    assert entries == [(message, "225067b87bbd4a0cb6ab151f82fa364b", fields)]


def test_existing_key_file(system: Target) -> None:
    # Like Ignition, we keep its mode.
    system.put(f"/home/core/{KEYS}", "old", 0o644, (500, 500))
    for folder in (".ssh", ".ssh/authorized_keys.d"):
        os.chown(system.at(f"/home/core/{folder}"), 500, 500)
    users(system, {"name": "core", "sshAuthorizedKeys": ["new"]})
    assert system.at(f"/home/core/{KEYS}").read_text() == "new\n"
    assert system.mode(f"/home/core/{KEYS}") == 0o644


def test_key_folder_behind_a_link(system: Target) -> None:
    system.folder("/home/core/.ssh", 0o700, (500, 500))
    system.link("/home/core/.ssh/authorized_keys.d", "/etc", (500, 500))
    before = system.tree()
    with pytest.raises(Failure, match="may not write"):
        users(system, {"name": "core", "sshAuthorizedKeys": ["key"]})
    assert system.tree() == before


@pytest.mark.parametrize(
    ("keys", "text"),
    [(["a", "b", "c\n"], "a\nb\nc\n"), (["a"], "a\n"), (["a\n", "b"], "a\n\nb\n")],
)
def test_text_of_the_key_file(system: Target, keys: list[str], text: str) -> None:
    users(system, {"name": "core", "sshAuthorizedKeys": keys})
    assert system.at(f"/home/core/{KEYS}").read_text() == text


def test_no_keys(system: Target) -> None:
    users(system, {"name": "core", "sshAuthorizedKeys": []})
    assert not system.at("/home/core/.ssh").exists()


def test_user_of_an_image(system: Target) -> None:
    system.put("/etc/nsswitch.conf", "passwd: files altfiles # image\ngroup: files altfiles\n")
    system.put("/usr/lib/passwd", "chrony:x:994:993::/var/lib/chrony:/bin/sh\n")
    system.put("/usr/lib/group", "chrony:x:993:\n")
    assert users(system, {"name": "chrony"}) == ["change user chrony"]
    system.storage(files=[{"path": "/f", "user": {"name": "chrony"}, "group": {"name": "chrony"}}])
    assert system.owner("/f") == (994, 993)


def test_unreadable_passwd(system: Target) -> None:
    system.at("/etc/passwd").unlink()
    system.folder("/etc/passwd")
    with pytest.raises(Failure, match="/etc/passwd") as caught:
        users(system, {"name": "test"})
    assert caught.value.code == "IGN3402"


@pytest.mark.parametrize("text", ["var/home", "/var/home"])
def test_home_behind_a_link(system: Target, text: str) -> None:
    shutil.rmtree(system.at("/home"))
    system.folder("/var/home")
    system.link("/home", text)
    users(system, {"name": "u", "sshAuthorizedKeys": ["key"]})
    assert system.at(f"/var/home/u/{KEYS}").read_text() == "key\n"


def test_keys_of_root(system: Target) -> None:
    system.folder("/var/roothome", 0o700)
    system.link("/root", "var/roothome")
    users(system, {"name": "root", "sshAuthorizedKeys": ["key"]})
    assert system.at(f"/var/roothome/{KEYS}").read_text() == "key\n"


def test_files_of_a_new_user(system: Target) -> None:
    system.run(
        {
            "passwd": {"users": [{"name": "test"}]},
            "storage": {
                "files": [
                    {"path": "/home/test/f", "user": {"name": "test"}, "group": {"name": "test"}}
                ]
            },
        },
        "files",
        "prepare",
        "users",
    )
    assert system.owner("/home/test/f") == (1000, 1000)


@pytest.mark.parametrize("user", [{"shouldExist": False}, {"homeDir": "/srv/core"}])
def test_home_deleted_before_files_are_written(system: Target, user: dict[str, Any]) -> None:
    system.put("/home/core/f", "old", owner=(500, 500))
    system.folder("/srv")
    files = [{"path": "/home/core/f", "contents": {"source": "data:,new"}}]
    config = {"passwd": {"users": [{"name": "core", **user}]}, "storage": {"files": files}}
    system.run(config, "prepare", "users", "files")
    assert system.at("/home/core/f").read_text() == "new"


@pytest.mark.parametrize("kind", ["users", "groups"])
def test_name_that_looks_like_an_option(system: Target, kind: str) -> None:
    with pytest.raises(Refused) as caught:
        system.run({"passwd": {kind: [{"name": "-D"}]}}, "prepare", "users")
    assert caught.value.code == "IGN3203"


class TestAgain:
    MAKE: ClassVar[dict[str, Any]] = {
        "groups": [{"name": "service", "gid": 1500}],
        "users": [
            {
                "name": "one",
                "passwordHash": HASH,
                "sshAuthorizedKeys": ["key"],
                "groups": ["service"],
            },
            {"name": "two", "uid": 1234, "homeDir": "/srv/two", "sshAuthorizedKeys": ["key"]},
        ],
    }

    MOVE: ClassVar[dict[str, Any]] = {"users": [{"name": "core", "homeDir": "/srv/core"}]}

    def run(self, system: Target, passwd: dict[str, Any] = MAKE) -> dict[str, Any]:
        """The target's tree, without backups and journal."""
        system.run({"passwd": passwd}, "prepare", "users")
        return {
            path: what
            for path, what in system.tree().items()
            if not path.endswith(("-", "journal"))
        }

    def test_changes_nothing(self, system: Target) -> None:
        system.folder("/srv")
        first = self.run(system)
        assert self.run(system) == first

    @pytest.mark.parametrize("state", ["passwd only", "no home", "incomplete home", "locked"])
    @pytest.mark.parametrize(("user", "home"), [("two", "/srv/two"), ("three", "/home/three")])
    def test_after_an_interrupted_useradd(
        self, system: Target, user: str, home: str, state: str
    ) -> None:
        system.folder("/srv")
        passwd = {**self.MAKE, "users": [*self.MAKE["users"]]}
        if user == "three":
            passwd["users"][1] = {"name": user, "sshAuthorizedKeys": ["key"]}
        complete = self.run(system, passwd)
        journal = system.at("/etc/.ignition-journal")
        notes = journal.read_text().split('{"config"')
        until = next(
            n for n, note in enumerate(notes) if f"user:{user}" in note and "begun" in note
        )
        journal.write_text('{"config"'.join(notes[: until + 1]) + '{"torn')
        shutil.rmtree(system.at(home))
        if state == "incomplete home":
            system.folder(home)
        if state == "passwd only":
            for table in ("shadow", "group", "gshadow"):
                path = system.at(f"/etc/{table}")
                kept = [
                    text
                    for text in path.read_text().splitlines()
                    if not text.startswith(f"{user}:")
                ]
                path.write_text("\n".join(kept) + "\n")
        if state == "locked":
            system.put("/etc/passwd.lock", f"{os.getpid()}\0", 0o600)
        assert self.run(system, passwd) == complete

    def test_after_an_interrupted_groupadd(self, system: Target) -> None:
        group = {"groups": [{"name": "service", "gid": 1500}]}
        complete = self.run(system, group)
        journal = system.at("/etc/.ignition-journal")
        begun, done = journal.read_text().split('{"config"')[1:]
        assert '"begun"' in begun and '"done"' in done
        journal.write_text('{"config"' + begun)
        gshadow = system.at("/etc/gshadow")
        kept = [text for text in gshadow.read_text().splitlines() if "service" not in text]
        gshadow.write_text("\n".join(kept) + "\n")
        assert self.run(system, group) == complete

    @pytest.mark.parametrize("copied", [False, True])
    def test_after_an_interrupted_move(self, system: Target, copied: bool) -> None:
        system.folder("/srv")
        system.put("/home/core/file", "mine", owner=(500, 500))
        complete = self.run(system, self.MOVE)
        journal = system.at("/etc/.ignition-journal")
        journal.write_text("\n".join(journal.read_text().split("\n")[:2]) + "\n")
        system.at("/srv/core").rename(system.at("/home/core"))
        if copied:
            system.put("/srv/core/file", "mi")
        assert self.run(system, self.MOVE) == complete
