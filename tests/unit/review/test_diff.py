# SPDX-License-Identifier: Apache-2.0
"""What a machine would get otherwise, and whether a running one can get there."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ignition.acquisition.rendered import Rendered
from ignition.acquisition.sources import Part
from ignition.review.diff import formats, rules
from ignition.review.diff.compare import Difference, compare
from ignition.review.diff.lines import unified, unified_diff
from ignition.review.diff.rules import RULES, Verdict
from ignition.review.style import Style
from ignition.review.subject import Subject
from tests.unit.review.configs import config, file, files, merging, subject

CHECKOUT = Path(__file__).parents[3]
SCHEMA = CHECKOUT / "schemas" / "review" / "diff.json"
FIRST, LIVE, HAND, ANEW = Verdict
KEYS = ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"]


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    return compare(subject(old, "old.ign"), subject(new, "new.ign"))


def found(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str, Verdict]]:
    return [(each.kind, each.field, each.change, each.verdict) for each in diff(old, new)]


def resource(data: bytes, **more: Any) -> dict[str, Any]:
    return {"source": "data:;base64," + base64.b64encode(data).decode(), **more}


def a_file(**more: Any) -> dict[str, Any]:
    return files({"path": "/a", **more})


def remote(url: str, text: str | None = None, **more: Any) -> dict[str, Any]:
    """A remote body, with the checksum of a text."""
    found: dict[str, Any] = {"source": url, **more}
    if text is not None:
        found["verification"] = {"hash": f"sha256-{hashlib.sha256(text.encode()).hexdigest()}"}
    return found


def storage(**lists: Any) -> dict[str, Any]:
    return config(storage=lists)


def a_disk(*partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return storage(disks=[{"device": "/dev/vda", "partitions": list(partitions), **more}])


def a_user(**more: Any) -> dict[str, Any]:
    return config(passwd={"users": [{"name": "core", **more}]})


def a_group(**more: Any) -> dict[str, Any]:
    return config(passwd={"groups": [{"name": "wheel", **more}]})


def a_unit(**more: Any) -> dict[str, Any]:
    return config(systemd={"units": [{"name": "a.service", **more}]})


def a_raid(devices: list[str], **more: Any) -> dict[str, Any]:
    return storage(raid=[{"name": "x", "level": "raid1", "devices": devices, **more}])


def a_volume(**more: Any) -> dict[str, Any]:
    return storage(luks=[{"name": "x", "device": "/dev/vda", **more}])


def a_filesystem(**more: Any) -> dict[str, Any]:
    return storage(filesystems=[{"device": "/dev/vda", "format": "ext4", **more}])


def arguments(*texts: str, **more: Any) -> dict[str, Any]:
    return config(kernelArguments={"shouldExist": list(texts), **more})


TEXT = "one\ntwo\n"
SAME = {
    "spec version": (config("3.0.0"), config("3.6.0")),
    "order of files": (
        files(file("/a", "1"), file("/b", "2")),
        files(file("/b", "2"), file("/a", "1")),
    ),
    "encoding": (files(file("/a", TEXT)), a_file(contents=resource(TEXT.encode()))),
    "compression": (
        files(file("/a", TEXT)),
        a_file(contents=resource(gzip.compress(TEXT.encode()), compression="gzip")),
    ),
    "pieces": (
        files(file("/a", TEXT)),
        files(file("/a", "one\n", append=[resource(b"tw"), resource(b"o\n")])),
    ),
    "appended pieces": (
        a_file(append=[resource(b"12")]),
        a_file(append=[resource(b"1"), resource(b"2")]),
    ),
    "checksum": (files(file("/a", TEXT)), a_file(contents=remote("https://h/a", TEXT))),
    "mirror of a file": (
        a_file(contents=remote("https://h/a", TEXT)),
        a_file(contents=remote("https://other/b", TEXT)),
    ),
    "defaults": (
        files(file("/a", "1")),
        files(file("/a", "1", mode=0o644, user={"id": 0}, group={"name": "root"})),
    ),
    "merge": (
        files(file("/a", "1"), file("/b", "2")),
        merging(files(file("/b", "2")), storage={"files": [file("/a", "1")]}),
    ),
    "level": (a_raid(["/dev/a", "/dev/b"]), a_raid(["/dev/b", "/dev/a"], level="mirror")),
    "case of GUIDs": (
        a_disk({"number": 1, "guid": "AAAAAAAA-0000-4000-8000-00000000000B"}),
        a_disk({"number": 1, "guid": "aaaaaaaa-0000-4000-8000-00000000000b"}),
    ),
    "numbered partitions": (
        a_disk(
            {"number": 1, "startMiB": 1, "sizeMiB": 1}, {"number": 2, "startMiB": 2, "sizeMiB": 1}
        ),
        a_disk(
            {"number": 2, "startMiB": 2, "sizeMiB": 1}, {"number": 1, "startMiB": 1, "sizeMiB": 1}
        ),
    ),
    "keys": (a_user(sshAuthorizedKeys=KEYS), a_user(sshAuthorizedKeys=KEYS[::-1])),
    "arguments": (arguments("a", "b=1"), arguments("b=1", "a")),
    "drop-ins": (
        a_unit(dropins=[{"name": "1.conf", "contents": "x"}, {"name": "2.conf", "contents": "y"}]),
        a_unit(dropins=[{"name": "2.conf", "contents": "y"}, {"name": "1.conf", "contents": "x"}]),
    ),
    "contents of a masked unit": (a_unit(mask=True), a_unit(mask=True, contents="[Unit]\n")),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_what_does_not_count(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert found(*pair) == []
    assert found(*pair[::-1]) == []


FILE = files(file("/a", "1"))
PARTITION = {"number": 1, "label": "x", "sizeMiB": 100}
DIFFERENT = {
    "file added": (config(), FILE, ("file", "", "added", LIVE)),
    "file removed": (FILE, config(), ("file", "", "removed", HAND)),
    "contents": (FILE, files(file("/a", "2")), ("file", "contents", "changed", LIVE)),
    "contents removed": (
        FILE,
        a_file(mode=0o644, user={"id": 0}, group={"id": 0}),
        ("file", "contents", "removed", HAND),
    ),
    "mode": (FILE, files(file("/a", "1", mode=0o600)), ("file", "mode", "changed", LIVE)),
    "mode left to the image": (a_file(mode=0o600), a_file(), ("file", "mode", "removed", HAND)),
    "appended": (a_file(), a_file(append=[resource(b"1")]), ("file", "appended", "added", LIVE)),
    "appended more": (
        a_file(append=[resource(b"1")]),
        a_file(append=[resource(b"12")]),
        ("file", "appended", "changed", HAND),
    ),
    "order of appended parts": (
        a_file(append=[resource(b"1"), resource(b"2")]),
        a_file(append=[resource(b"2"), resource(b"1")]),
        ("file", "appended", "changed", HAND),
    ),
    "group left to the image": (
        a_file(group={"id": 5}),
        a_file(),
        ("file", "group", "removed", HAND),
    ),
    "overwrite": (
        FILE,
        files(file("/a", "1", overwrite=True)),
        ("file", "overwrite", "added", FIRST),
    ),
    "header": (
        a_file(contents=remote("https://h/a")),
        a_file(contents=remote("https://h/a", httpHeaders=[{"name": "X", "value": "very-secret"}])),
        ("file", "contents", "changed", LIVE),
    ),
    "pinned": (
        a_file(contents=remote("https://h/a")),
        a_file(contents=remote("https://h/a", "x")),
        ("file", "contents", "changed", LIVE),
    ),
    "file becomes link": (
        FILE,
        storage(links=[{"path": "/a", "target": "/b"}]),
        ("file", "type", "changed", LIVE),
    ),
    "directory becomes file": (
        storage(directories=[{"path": "/a"}]),
        FILE,
        ("directory", "type", "changed", HAND),
    ),
    "directory emptied": (
        storage(directories=[{"path": "/a", "mode": 0o755, "user": {"id": 0}, "group": {"id": 0}}]),
        storage(directories=[{"path": "/a", "overwrite": True}]),
        ("directory", "overwrite", "added", HAND),
    ),
    "target": (
        storage(links=[{"path": "/a", "target": "/b"}]),
        storage(links=[{"path": "/a", "target": "/c"}]),
        ("symbolic link", "target", "changed", LIVE),
    ),
    "unit": (a_unit(contents="a"), a_unit(contents="b"), ("unit", "contents", "changed", LIVE)),
    "drop-in removed": (
        a_unit(dropins=[{"name": "1.conf", "contents": "x"}]),
        a_unit(),
        ("unit", "drop-in 1.conf", "removed", HAND),
    ),
    "enabled": (a_unit(enabled=False), a_unit(enabled=True), ("unit", "enabled", "changed", LIVE)),
    "preset left to the image": (
        a_unit(enabled=True),
        a_unit(),
        ("unit", "enabled", "removed", HAND),
    ),
    "unmasked": (a_unit(mask=True), a_unit(mask=False), ("unit", "masked", "changed", LIVE)),
    "mask dropped": (a_unit(mask=True), a_unit(), ("unit", "masked", "removed", HAND)),
    "user": (config(), a_user(sshAuthorizedKeys=KEYS), ("user", "", "added", LIVE)),
    "user to delete": (
        a_user(uid=7),
        a_user(shouldExist=False),
        ("user", "exists", "removed", HAND),
    ),
    "uid": (a_user(uid=7), a_user(uid=8), ("user", "uid", "changed", HAND)),
    "key added": (a_user(), a_user(sshAuthorizedKeys=KEYS[:1]), ("user", "ssh key", "added", LIVE)),
    "one key of two": (
        a_user(sshAuthorizedKeys=KEYS),
        a_user(sshAuthorizedKeys=KEYS[:1]),
        ("user", "ssh key", "removed", LIVE),
    ),
    "last key": (
        a_user(sshAuthorizedKeys=KEYS[:1]),
        a_user(),
        ("user", "ssh key", "removed", HAND),
    ),
    "password": (
        a_user(passwordHash="$y$very-secret"),
        a_user(passwordHash="$y$other"),
        ("user", "password hash", "changed", LIVE),
    ),
    "last group": (
        a_user(groups=["a"]),
        a_user(),
        ("user", "supplementary group", "removed", HAND),
    ),
    "gid": (a_group(gid=7), a_group(gid=8), ("group", "gid", "changed", HAND)),
    "partition added": (a_disk(), a_disk(PARTITION), ("partition", "", "added", HAND)),
    "partition on a new disk": (config(), a_disk(PARTITION), ("partition", "", "added", HAND)),
    "grown": (
        a_disk(PARTITION),
        a_disk({**PARTITION, "sizeMiB": 200}),
        ("partition", "size", "changed", HAND),
    ),
    "shrunk": (
        a_disk(PARTITION),
        a_disk({**PARTITION, "sizeMiB": 50}),
        ("partition", "size", "changed", ANEW),
    ),
    "another number": (
        a_disk(PARTITION),
        a_disk({**PARTITION, "number": 2}),
        ("partition", "number", "changed", ANEW),
    ),
    "partition to delete": (
        a_disk(PARTITION),
        a_disk({"number": 1, "shouldExist": False}),
        ("partition", "exists", "removed", HAND),
    ),
    "wipeTable": (
        a_disk(PARTITION),
        a_disk(PARTITION, wipeTable=True),
        ("disk", "wipeTable", "added", ANEW),
    ),
    "no more wipeTable": (
        a_disk(PARTITION, wipeTable=True),
        a_disk(PARTITION),
        ("disk", "wipeTable", "removed", FIRST),
    ),
    "free space in turn": (
        a_disk({"label": "a", "sizeMiB": 1}, {"label": "b", "sizeMiB": 2}),
        a_disk({"label": "b", "sizeMiB": 2}, {"label": "a", "sizeMiB": 1}),
        ("disk", "order of partitions", "changed", ANEW),
    ),
    "level": (
        a_raid(["/dev/a", "/dev/b"]),
        a_raid(["/dev/a", "/dev/b"], level="raid0"),
        ("array", "level", "changed", ANEW),
    ),
    "which one is the spare": (
        a_raid(["/dev/a", "/dev/b", "/dev/c"], spares=1),
        a_raid(["/dev/a", "/dev/c", "/dev/b"], spares=1),
        ("array", "devices", "changed", ANEW),
    ),
    "key file": (
        a_volume(keyFile=resource(b"very-secret")),
        a_volume(keyFile=resource(b"2")),
        ("volume", "key file", "changed", HAND),
    ),
    "crypto card": (
        a_volume(),
        a_volume(cex={"enabled": True}),
        ("volume", "cex", "added", ANEW),
    ),
    "cipher": (
        a_volume(),
        a_volume(options=["--cipher", "x"]),
        ("volume", "options", "added", ANEW),
    ),
    "format": (
        a_filesystem(),
        a_filesystem(format="xfs"),
        ("filesystem", "format", "changed", ANEW),
    ),
    "label": (a_filesystem(), a_filesystem(label="x"), ("filesystem", "label", "added", HAND)),
    "mount options": (
        a_filesystem(path="/x"),
        a_filesystem(path="/x", mountOptions=["ro"]),
        ("filesystem", "mountOptions", "added", FIRST),
    ),
    "partition behind others": (
        a_disk({"label": "a", "sizeMiB": 1}, {"label": "b", "sizeMiB": 2}),
        a_disk({"label": "a", "sizeMiB": 1}, {"label": "b", "sizeMiB": 2}, {"label": "c"}),
        ("partition", "", "added", HAND),
    ),
    "one more console": (
        arguments("console=a", "console=b"),
        arguments("console=a", "console=b", "console=c"),
        ("kernel argument", "", "added", HAND),
    ),
    "argument": (config(), arguments("quiet"), ("kernel argument", "", "added", HAND)),
    "argument to remove": (
        arguments("quiet"),
        arguments(shouldNotExist=["quiet"]),
        ("kernel argument", "exists", "removed", HAND),
    ),
    "console": (
        arguments("console=a", "console=b"),
        arguments("console=b", "console=a"),
        ("kernel arguments", "order", "changed", HAND),
    ),
    "proxy": (
        config(),
        {"ignition": {"version": "3.6.0", "proxy": {"httpProxy": "http://p"}}},
        ("settings", "httpProxy", "added", FIRST),
    ),
}


@pytest.mark.parametrize("row", DIFFERENT.values(), ids=DIFFERENT)
def test_what_counts_and_whether_a_machine_can_follow(row: tuple[Any, Any, Any]) -> None:
    old, new, expected = row
    assert found(old, new) == [expected]


@pytest.mark.parametrize("row", DIFFERENT.values(), ids=DIFFERENT)
def test_the_way_back_has_an_answer_too(row: tuple[Any, Any, Any]) -> None:
    assert found(row[1], row[0])


@pytest.mark.parametrize("row", DIFFERENT.values(), ids=DIFFERENT)
def test_json_fits_its_schema_and_shows_no_secret(row: tuple[Any, Any, Any]) -> None:
    old, new = subject(row[0], "old.ign"), subject(row[1], "new.ign")
    differences = compare(old, new)
    printed = formats.to_json(differences, old, new, ("old.ign", "new.ign"))
    jsonschema.validate(printed, json.loads(SCHEMA.read_text()))
    assert "very-secret" not in json.dumps(printed) + formats.to_text(differences, Style(100))


def test_contents_instead_of_appended_text_are_written() -> None:
    old = a_file(append=[resource(b"1")], mode=0o644, user={"id": 0}, group={"id": 0})
    assert found(old, FILE) == [("file", "contents", "changed", LIVE)]


def test_every_row_of_the_table_is_documented() -> None:
    page = (CHECKOUT / "docs" / "diff.md").read_text()
    rows = [
        f"| {rule.kind} | {rule.field or 'the whole'} | {', '.join(rule.changes)} |"
        f" {rule.verdict.value} | {rule.reason} |"
        for rule in RULES
    ]
    assert [row for row in rows if f"{row}\n" not in page] == []
    table = page.split("| what | field |")[1].split("\n\n")[0]
    assert table.count("\n") - 1 == len(rows)


def test_no_difference_has_two_rules() -> None:
    keys = [(rule.kind, rule.field, change) for rule in RULES for change in rule.changes]
    assert len(keys) == len(set(keys))


def test_a_partition_that_gets_a_number_is_the_one_with_its_label() -> None:
    old, new = a_disk({"label": "x", "sizeMiB": 1}), a_disk({**PARTITION, "sizeMiB": 1})
    assert found(old, new) == [("partition", "number", "added", HAND)]


def test_certificate_authorities_only_count_at_the_first_boot() -> None:
    """Rendering would fetch them."""
    tls = {"tls": {"certificateAuthorities": [{"source": "https://h/ca"}]}}
    value = {"ignition": {"version": "3.6.0", "security": tls}}
    new = Subject(Rendered(value, {}, [], [Part("new.ign", "", value)]))
    (each,) = compare(subject(config()), new)
    assert (each.field, each.change, each.verdict) == ("certificate authority", "added", FIRST)
    assert each.new_origin is not None
    assert each.new_origin.pointer == "/ignition/security/tls/certificateAuthorities/0"


def test_origins_and_lines() -> None:
    old = files(file("/a", "one\ntwo\nthree"))
    (each,) = diff(old, merging(files(file("/a", "one\n2\nthree\n")), storage=old["storage"]))
    assert each.old_origin is not None
    assert (each.old_origin.source, each.old_origin.line) == ("old.ign", 10)
    assert each.new_origin is not None
    assert each.new_origin.source == "config inline in new.ign: /ignition/config/merge/0"
    assert unified(each) == [
        *("@@ -1,3 +1,3 @@", " one", "-two", "-three", "\\ No newline at end of file"),
        *("+2", "+three"),
    ]


def test_lines_cannot_control_the_terminal() -> None:
    assert unified_diff("a\n", "\x1b[2J\u202e\n")[-1] == "+\\x1b[2J\\u202e"


def test_texts_that_are_too_long_are_not_compared_by_lines() -> None:
    assert unified_diff("a\n" * 6000, "b\n") == []


def test_private_contents_have_no_lines() -> None:
    old = files(file("/a", "very-secret", mode=0o600))
    new = files(file("/a", "other-secret", mode=0o600))
    (each,) = diff(old, new)
    assert unified(each) == []
    assert "secret" not in formats.to_text([each], Style(200)).replace("(secret)", "")


def test_the_hardest_answer_counts() -> None:
    old = {**a_filesystem(), "passwd": {"users": [{"name": "core"}]}}
    new = copy.deepcopy(old)
    assert formats.to_text(diff(old, new), Style()) == "Both configs give the same machine.\n"
    new["passwd"]["users"][0]["shell"] = "/bin/sh"
    assert "can get there by itself" in formats.to_text(diff(old, new), Style())
    new["storage"]["filesystems"][0]["format"] = "xfs"
    text = formats.to_text(diff(old, new), Style())
    assert "2 differences: 1 live, 1 provision anew\n" in text
    assert text.endswith("provision it anew.\n")


def test_verdicts_are_ordered() -> None:
    assert [each.rank for each in (FIRST, LIVE, HAND, ANEW)] == [0, 1, 2, 3]
    assert rules.rule_for("file", "contents", "changed").verdict is LIVE


def test_many_differences_take_little_time() -> None:
    old = files(*(file(f"/d{index % 10}/f{index}", "x") for index in range(1000)))
    new = copy.deepcopy(old)
    for each in new["storage"]["files"]:
        each["mode"] = 0o600
    started = time.process_time()
    assert len(diff(old, new)) == 1000
    assert time.process_time() - started < 1.5
