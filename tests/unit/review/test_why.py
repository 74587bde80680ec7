# SPDX-License-Identifier: Apache-2.0
"""Where things come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ignition.base.errors import Failure
from ignition.review import why, why_text
from ignition.review.style import Style
from tests.unit.review.configs import config, file, files, merging, subject

SCHEMA = Path(__file__).parents[3] / "schemas" / "review" / "why.json"
PRESETS = "/etc/systemd/system-preset/20-ignition.preset"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@example"
WHOLE = config(
    kernelArguments={"shouldExist": ["quiet", "console=tty0", "console=ttyS0"]},
    passwd={
        "users": [
            {
                "name": "core",
                "passwordHash": "$y$very-secret",
                "sshAuthorizedKeys": [KEY],
                "groups": ["wheel"],
            }
        ],
        "groups": [{"name": "admins", "gid": 70}],
    },
    storage={
        "disks": [
            {
                "device": "/dev/vda",
                "partitions": [
                    {
                        "number": 1,
                        "label": "var",
                        "sizeMiB": 100,
                        "guid": "AAAAAAAA-0000-4000-8000-000000000001",
                    },
                    {"label": "my data"},
                ],
            },
            {"device": "/dev/disk/by-id/x", "partitions": [{"number": 3}]},
        ],
        "raid": [{"name": "root", "level": "raid1", "devices": ["/dev/vdb", "/dev/vdc"]}],
        "luks": [
            {"name": "safe", "device": "/dev/vdd", "keyFile": {"source": "data:,very-secret"}},
            {"name": "tpm", "device": "/dev/vde", "clevis": {"tpm2": True}},
        ],
        "filesystems": [
            {
                "device": "/dev/disk/by-partlabel/var",
                "path": "/var",
                "format": "ext4",
                "label": "VAR",
            }
        ],
        "directories": [{"path": "/opt/a"}],
        "files": [
            file("/etc/motd", "hi", append=[{"source": "data:,more"}]),
            file("/var/lib/x/y", "private", mode=0o600),
        ],
        "links": [{"path": "/etc/link", "target": "/etc/motd"}],
    },
    systemd={
        "units": [
            {
                "name": "a.service",
                "enabled": True,
                "contents": "[Service]\n",
                "dropins": [{"name": "x.conf", "contents": "[Unit]\n"}],
            },
            {"name": "b@.service", "enabled": False, "contents": "[Unit]\n"},
            {"name": "off.service", "mask": True},
        ]
    },
)


def found(word: str, value: dict[str, Any] = WHOLE) -> list[str]:
    return [f"{each.thing.kind} {each.thing.name}" for each in explain(word, value)]


def explain(word: str, value: dict[str, Any] = WHOLE) -> list[why.Answer]:
    return why.explain(subject(value), word, "web.ign")


def facts(word: str, value: dict[str, Any] = WHOLE) -> dict[str, str]:
    """Name of a fact -> pointer, for the first answer."""
    return {
        reason.fact.name: reason.origin.pointer if reason.origin else "default"
        for reason in explain(word, value)[0].reasons
    }


@pytest.mark.parametrize(
    ("word", "things"),
    [
        ("/etc/motd", ["file /etc/motd"]),
        ("//etc/motd/", ["file /etc/motd"]),
        ("/opt/a", ["directory /opt/a"]),
        ("/opt", ["parent directory /opt"]),
        ("/var/lib/x", ["parent directory /var/lib/x"]),
        ("/etc/link", ["symbolic link /etc/link"]),
        ("/var", ["mount point /var"]),
        ("a.service", ["unit a.service", "unit file /etc/systemd/system/a.service"]),
        ("a", ["unit a.service", "unit file /etc/systemd/system/a.service"]),
        (
            "a.service.d/x.conf",
            ["unit a.service", "drop-in /etc/systemd/system/a.service.d/x.conf"],
        ),
        ("b@1.service", ["unit b@.service"]),
        ("/etc/systemd/system/off.service", ["mask /etc/systemd/system/off.service"]),
        (PRESETS, [f"preset file {PRESETS}"]),
        ("core", ["user core"]),
        ("wheel", ["members of group wheel"]),
        ("admins", ["group admins"]),
        ("/home/core", ["home directory /home/core"]),
        ("/home/core/.ssh", ["parent directory /home/core/.ssh"]),
        ("/etc/shadow", ["account table /etc/shadow"]),
        ("/etc/crypttab", ["volume table /etc/crypttab"]),
        ("/etc/luks/safe", ["key file /etc/luks/safe"]),
        ("/etc/.ignition-result.json", ["result file /etc/.ignition-result.json"]),
        ("/dev/vda", ["disk /dev/vda"]),
        ("/dev/vda1", ["partition 1 of /dev/vda", "filesystem /dev/disk/by-partlabel/var"]),
        ("/dev/vda:1", ["partition 1 of /dev/vda", "filesystem /dev/disk/by-partlabel/var"]),
        ("my data", ["partition my data of /dev/vda"]),
        ("/dev/disk/by-partlabel/my\\x20data", ["partition my data of /dev/vda"]),
        ("/dev/disk/by-id/x-part3", ["partition 3 of /dev/disk/by-id/x"]),
        ("/dev/vdb", ["array root"]),
        ("/dev/md/root", ["array root"]),
        ("/dev/mapper/safe", ["volume safe"]),
        ("/dev/disk/by-label/VAR", ["filesystem /dev/disk/by-partlabel/var"]),
        ("quiet", ["kernel argument quiet"]),
        ("console", ["kernel argument console=tty0", "kernel argument console=ttyS0"]),
    ],
)
def test_what_a_name_finds(word: str, things: list[str]) -> None:
    assert found(word) == things


def test_a_volume_with_a_crypto_card_has_three_key_files() -> None:
    volume = {"name": "x", "device": "/dev/vda", "cex": {"enabled": True}}
    base = "/etc/zkey/repository/ignition-luks-x"
    for path in ("/etc/luks/x", f"{base}.info", f"{base}.skey"):
        assert found(path, config(storage={"luks": [volume]})) == [f"key file {path}"]


def test_each_part_of_a_file_has_its_place() -> None:
    assert facts("/etc/motd") == {
        "contents": "/storage/files/0/contents/source",
        "append 1": "/storage/files/0/append/0/source",
        "mode": "default",
        "owner": "default",
        "group": "default",
    }


def test_lines_of_the_preset_file_point_to_their_units() -> None:
    (answer,) = explain(PRESETS)
    assert [(each.fact.shown, each.origin and each.origin.pointer) for each in answer.reasons] == [
        ("enable a.service", "/systemd/units/0/enabled"),
        ("disable b@.service", "/systemd/units/1/enabled"),
    ]


def test_an_entry_without_its_name() -> None:
    (answer,) = explain("/etc/group", config(passwd={"groups": [{}]}))
    assert answer.origin is not None
    assert answer.origin.pointer == "/passwd/groups/0"


def test_a_volume_with_clevis_has_no_key_file() -> None:
    with pytest.raises(Failure):
        found("/etc/luks/tpm")


def test_a_merge_shows_both_values_and_their_lines() -> None:
    child = files({"path": "/x"}, file("/a", "new", mode=0o640))
    value = merging(child, storage={"files": [file("/a", "old", append=[{"source": "data:,+"}])]})
    (answer,) = explain("/a", value)
    reasons = {reason.fact.name: reason for reason in answer.reasons}
    contents = reasons["contents"]
    assert contents.origin is not None
    assert contents.origin.source == "config inline in web.ign: /ignition/config/merge/0"
    assert contents.origin.pointer == "/storage/files/1/contents/source"
    # The text of the inline config is known, so its lines are.
    assert contents.origin.line == json.dumps(child, indent=1).split("data:,new")[0].count("\n") + 1
    ((shown, origin),) = contents.replaces
    assert (origin.source, origin.pointer) == ("web.ign", "/storage/files/0/contents/source")
    assert "3 bytes" in shown
    appended = reasons["append 1"].origin
    assert appended is not None
    assert (appended.source, appended.pointer) == ("web.ign", "/storage/files/0/append/0/source")
    mode = reasons["mode"].origin
    assert mode is not None
    assert mode.source != "web.ign"


def test_appended_parts_of_all_configs_are_told_apart() -> None:
    child = files({"path": "/a", "append": [{"source": "data:,2"}]})
    value = merging(child, storage={"files": [{"path": "/a", "append": [{"source": "data:,1"}]}]})
    (answer,) = explain("/a", value)
    sources = {each.fact.shown: each.origin and each.origin.source for each in answer.reasons[:2]}
    assert sources['"1", 1 byte'] == "web.ign"
    assert sources['"2", 1 byte'] != "web.ign"


def test_the_entry_of_another_kind_that_a_merge_dropped_is_named() -> None:
    child = config(storage={"links": [{"path": "/a", "target": "/b"}]})
    (answer,) = explain("/a", merging(child, storage={"files": [file("/a", "x")]}))
    assert answer.thing.kind == "symbolic link"
    assert any("the entry in files at web.ign:" in note for note in answer.notes)


def test_a_user_of_two_configs_keeps_both_places_of_a_shared_group() -> None:
    child = config(passwd={"users": [{"name": "core", "groups": ["wheel"], "uid": 7}]})
    users = [{"name": "core", "groups": ["wheel"], "uid": 6}]
    (answer, *_) = explain("core", merging(child, passwd={"users": users}))
    reasons = {reason.fact.name: reason for reason in answer.reasons}
    assert [value for value, _ in reasons["uid"].replaces] == ["6"]
    assert not reasons["supplementary group"].replaces
    assert [origin.source for origin in reasons["supplementary group"].joins] == ["web.ign"]


def test_a_file_on_a_filesystem_of_the_config() -> None:
    (answer,) = explain("/var/lib/x/y")
    assert "lies on the filesystem of /dev/disk/by-partlabel/var, mounted at /var" in answer.notes


@pytest.mark.parametrize("word", ["core", "safe", "/var/lib/x/y", "/etc/luks/safe"])
def test_no_secret_is_shown(word: str) -> None:
    shown = subject(WHOLE)
    answers = why.explain(shown, word, "web.ign")
    printed = why_text.text(shown, answers, Style(100)) + json.dumps(
        why.to_json(shown, word, "web.ign", answers)
    )
    assert "very-secret" not in printed
    assert "private" not in printed


@pytest.mark.parametrize("private", ["child", "parent"])
def test_replaced_contents_of_a_private_file_are_not_shown(private: str) -> None:
    modes = {"child": {"mode": 0o644}, private: {"mode": 0o600}}
    child = files(file("/a", "inner text", **modes.get("child", {})))
    value = merging(child, storage={"files": [file("/a", "outer text", **modes.get("parent", {}))]})
    (answer,) = explain("/a", value)
    assert "text" not in json.dumps([each.replaces[0][0] for each in answer.reasons[:1]])


def test_replaced_secrets_are_not_shown() -> None:
    child = config(passwd={"users": [{"name": "core", "passwordHash": "$y$new"}]})
    value = merging(child, passwd={"users": [{"name": "core", "passwordHash": "$y$old"}]})
    (answer,) = explain("core", value)
    assert [value for each in answer.reasons for value, _ in each.replaces] == ["(secret)"]


@pytest.mark.parametrize("word", ["/etc/motd", "a.service", "core", "/dev/vda1", "/var", "/opt"])
def test_json_fits_its_schema(word: str) -> None:
    value = merging(WHOLE, storage={"files": [file("/etc/motd", "old")]})
    whole = subject(value)
    printed = why.to_json(whole, word, "web.ign", why.explain(whole, word, "web.ign"))
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(printed, schema)
    if word == "/etc/motd":
        assert printed["answers"][0]["origin"]["by"] == ["web.ign"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("/etc/mtd", "did you mean /etc/motd"),
        ("motd", "did you mean /etc/motd"),
        ("cores", "did you mean core"),
        ("/" + "x" * 4096, "give the path"),
        ("\udcff\x1b[2J", "give the path"),
    ],
)
def test_unknown_names_get_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(Failure) as caught:
        explain(word)
    assert caught.value.code == "IGN8501"
    assert hint in caught.value.hint
    assert len(caught.value.text) < 300


def test_an_empty_config_still_has_a_result_file() -> None:
    assert found("/etc/.ignition-result.json", config()) != []


def test_text_is_as_wide_as_the_terminal_and_has_colours_on_demand() -> None:
    whole = subject(files(file("/a", "x" * 300)))
    answers = why.explain(whole, "/a", "web.ign")
    narrow = why_text.text(whole, answers, Style(60))
    assert max(len(line) for line in narrow.splitlines() if "web.ign" not in line) <= 60
    assert "\x1b[" not in narrow
    assert "\x1b[1m" in why_text.text(whole, answers, Style(60, colour=True))
