# SPDX-License-Identifier: Apache-2.0
"""Files of expectations: what they mean, and what is said about wrong ones."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ignition.base.errors import InvalidConfig
from ignition.base.finding import Finding
from ignition.cli.diagnostics import print_failure
from ignition.testbed.expectations import model
from ignition.testbed.expectations.document import MAX_SIZE
from ignition.testbed.expectations.model import Expectations
from ignition.testbed.expectations.reading import load


def read(text: str | bytes) -> Expectations:
    return load("web.expect.yaml", text.encode() if isinstance(text, str) else text)


def findings(text: str | bytes) -> list[Finding]:
    with pytest.raises(InvalidConfig) as caught:
        read(text)
    assert caught.value.code == "IGN8101"
    assert all(finding.origin.source == "web.expect.yaml" for finding in caught.value.findings)
    return caught.value.findings


def only(text: str | bytes) -> tuple[str, str, str, str]:
    """Code, place, message and hint of the only finding."""
    (found,) = findings(text)
    place = f"{found.origin.line}:{found.origin.column}"
    return found.code, place, found.message, found.hint


EVERYTHING = """\
files:
  - path: /etc/motd
    user: root
    group: 0
    mode: 0644
    content: |
      Hello
    contains: ell
    matches: ^H
    sha256: 0000000000000000000000000000000000000000000000000000000000000ABC
  - {path: /blob, content_base64: AP8=, mode: "4755"}
  - {path: /gone, exists: false}
directories: [{path: /srv, mode: 0o1777}]
links: [{path: /a, target: b}, {path: /c, target: /d, hard: true}]
users:
  - name: core
    uid: 1000
    primary_group: core
    groups: [wheel]
    home: /home/core
    shell: /bin/bash
    gecos: The core
    keys: [ssh-ed25519 AAAA]
    password_hash: $6$x
groups: [{name: wheel, gid: 10, members: [core]}]
units: [{name: a.service, exists: true, enabled: true, active: true, within: 2m, failed: false}]
mounts: [{path: /var, device: /dev/vdb1, type: ext4, options: [noatime]}]
disks:
  - device: /dev/vdb
    table: gpt
    partitions:
      - {number: 1, label: var, start_mib: 1, size_mib: 100}
      - {label: old, exists: false}
filesystems: [{device: /dev/vdb1, format: ext4, label: var, uuid: 1-2}]
arrays: [{name: md, level: raid1, devices: [/dev/a, /dev/b], spares: 0}]
luks: [{name: secret, device: /dev/c, label: l, uuid: u, open: true, pins: [tang]}]
kernel_arguments: [quiet, {argument: splash, exists: false}]
ports: [22, {port: 53, protocol: udp, address: 127.0.0.1, listening: false}]
commands: [uptime, {run: "false", status: 1, output: "", matches: x, timeout: 0.5}]
journal: [{matches: "^a", unit: a.service}, {contains: "a+b", exists: false}]
second_boot: unchanged
"""


def test_everything() -> None:
    found = read(EVERYTHING)
    by_type = {type(item) for item in found.items}
    assert len(by_type) == 15
    motd, blob, gone = found.items[:3]
    assert isinstance(motd, model.File)
    assert (motd.mode, motd.content, motd.group) == (0o644, b"Hello\n", 0)
    assert motd.sha256 is not None
    assert motd.sha256.endswith("abc")
    assert isinstance(blob, model.File)
    assert (blob.content, blob.mode) == (b"\0\xff", 0o4755)
    assert isinstance(gone, model.File)
    assert not gone.exists
    unit = next(item for item in found.items if isinstance(item, model.Unit))
    assert unit.within == 120
    disk = next(item for item in found.items if isinstance(item, model.Disk))
    assert [part.size_mib for part in disk.partitions] == [100, None]
    assert (disk.partitions[1].place.line, disk.partitions[1].place.column) == (33, 9)
    assert [item.port for item in found.items if isinstance(item, model.Port)] == [22, 53]
    commands = [item for item in found.items if isinstance(item, model.Command)]
    assert [(item.run, item.status, item.timeout) for item in commands] == [
        ("uptime", 0, 60),
        ("false", 1, 0.5),
    ]
    assert commands[1].output == ""
    lines = [item.matches for item in found.items if isinstance(item, model.JournalLine)]
    assert lines == ["^a", r"a\+b"]
    assert found.second_boot is not None
    assert found.second_boot.line == 41
    assert not found.extends


def test_places_count_bytes() -> None:
    found = read("files: [{path: /é}, {path: /b}]")
    assert [(item.place.line, item.place.column) for item in found.items] == [(1, 9), (1, 22)]
    assert found.items[1].place.pointer == "/files/1"


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffiles: [{path: /a}]",
        "files:\r\n- path: /a\r\n",
        "--- \nfiles: [{path: /a}]\n...\n",
        '\n{"files":[{"path":"/a"}]}',
        '{\n\t"files": [\n\t\t{"path": "/a"}\n\t]\n}',
    ],
    ids=["BOM", "CRLF", "markers", "JSON", "JSON with tabs"],
)
def test_forms(text: str) -> None:
    (item,) = read(text).items
    assert isinstance(item, model.File)
    assert item.path == "/a"


def test_json_may_have_tabs_in_text_and_surrogate_pairs() -> None:
    text = json.dumps({"files": [{"path": "/a", "content": "\t\U0001f600", "mode": "0600"}]})
    (item,) = read("{\t" + text[1:]).items
    assert isinstance(item, model.File)
    assert item.content == "\t\U0001f600".encode()
    assert item.mode == 0o600


def test_anchors_and_merge_keys() -> None:
    text = "files:\n- &a {path: /a, mode: 0600}\n- {<<: *a, path: /b}\n- {<<: [*a], path: /c}\n"
    files = [item for item in read(text).items if isinstance(item, model.File)]
    assert [(item.path, item.mode) for item in files] == [
        ("/a", 0o600),
        ("/b", 0o600),
        ("/c", 0o600),
    ]


def test_words_of_old_yaml_are_text() -> None:
    (item,) = read("users: [{name: core, gecos: off, home: /a}]").items
    assert isinstance(item, model.User)
    assert item.gecos == "off"


def test_nothing_but_a_successful_boot() -> None:
    assert read("{}").items == ()
    assert read("extends: config").extends


def test_an_expected_failure() -> None:
    found = read("failure: {phase: disks, code: IGN2103, words: does not fit}")
    assert found.failure is not None
    assert (found.failure.phase, found.failure.code) == ("disks", "IGN2103")
    assert found.failure.words == "does not fit"


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "IGN8103 1:1 the file is empty"),
    "comment": ("# nothing\n", "IGN8103 1:1 the file is empty"),
    "list": ("- a", "IGN8103 1:1 the file must be a mapping, not a list"),
    "text": ("hello", 'IGN8103 1:1 the file must be a mapping, not the text "hello"'),
    "not UTF-8": (b"files:\n- path: /\xff", "IGN8102 2:10 the byte 0xff is not UTF-8"),
    "UTF-16": ("files: []".encode("utf-16"), "IGN8102 1:1 the file is UTF-16"),
    "null byte": ("files: []\n\0", "IGN8102 2:1 the control character 0x00 is not allowed"),
    "tab": (
        "files:\n\t- path: /a",
        "IGN8102 2:1 not valid YAML: found character '\\t' that cannot start any token",
    ),
    "colon": ("a: b: c", "IGN8102 1:5 not valid YAML: mapping values are not allowed here"),
    "broken JSON": ('{"files": [', "IGN8102 1:12 not valid JSON: expected the node content"),
    "unknown alias": ("files: *a", "IGN8102 1:8 not valid YAML: found undefined alias 'a'"),
    "two documents": ("{}\n---\n{}", "IGN8102 3:1 the file has a second YAML document"),
    "tag": ("files: !!python/name:os.system []", "IGN8103 1:8 the tag !!python/name:os.system"),
    "duplicate key": ("files: []\nfiles: []", "IGN8105 2:1 the key files is given twice"),
    "key that is a list": ("? [a]\n: b", "IGN8103 1:3 a key must be a word"),
    "loop": ("files: &a [*a]", "IGN8103 1:8 an alias contains itself"),
    "deep": ("[" * 5000 + "]" * 5000, "IGN8110 1:1 values are nested too deeply"),
    "large": ("#" * (MAX_SIZE + 1), "IGN8110 1:1 the file is larger than 1 MiB"),
    "no value": ("files:", "IGN8103 1:7 files has no value; it must be a list"),
    "missing": ("files: [{mode: 0600}]", "IGN8103 1:9 item 1 of files needs path"),
    "no list": ("files: {path: /a}", "IGN8103 1:8 files must be a list, not a mapping"),
    "number for text": ("links: [{path: /a, target: 1}]", "IGN8103 1:28 target must be text, not"),
    "yes": (
        "units: [{name: a.service, enabled: yes}]",
        'IGN8103 1:36 enabled must be true or false, not the text "yes"',
    ),
    "unknown section": ("file: []", 'IGN8104 1:1 unknown key "file"'),
    "unknown word": (
        "second_boot: same",
        'IGN8103 1:14 second_boot must be unchanged, not "same"',
    ),
    "relative path": ("files: [{path: a}]", "IGN8103 1:16 path must be an absolute path"),
    "path with dots": ("files: [{path: /a/../b}]", "IGN8109 1:16 /a/../b is not a normal path"),
    "decimal mode": ("files: [{path: /a, mode: 644}]", "IGN8106 1:26 mode 644 is decimal"),
    "mode of the config": ("files: [{path: /a, mode: 420}]", "IGN8106 1:26 mode 420 is decimal"),
    "impossible mode": ("files: [{path: /a, mode: 0999}]", "IGN8103 1:26 mode must be permission"),
    "mode too large": ("files: [{path: /a, mode: 017777}]", "IGN8103 1:26 mode must be permission"),
    "octal id": ("users: [{name: a, uid: 010}]", "IGN8109 1:24 uid 010 is octal, that is 8"),
    "regex": (
        'files: [{path: /a, matches: "a("}]',
        "IGN8107 1:29 a( is not a regular expression: missing ), unterminated subpattern",
    ),
    "base64": (
        "files: [{path: /a, content_base64: A}]",
        "IGN8109 1:36 content_base64 is not base64:",
    ),
    "hash": (
        "files: [{path: /a, sha256: abc}]",
        'IGN8103 1:28 sha256 must be 64 hexadecimal digits, not "abc"',
    ),
    "hash in digits": (
        f"files: [{{path: /a, sha256: {'1' * 17}}}]",
        "IGN8103 1:28 sha256 must be text, not",
    ),
    "unit name": ("units: [{name: nginx}]", "IGN8109 1:16 nginx is not a unit name: it has no"),
    "unit with a blank": ("units: [{name: a b.service}]", "IGN8109 1:16 a b.service is not a unit"),
    "within": (
        "units: [{name: a.service, active: true, within: soon}]",
        "IGN8103 1:49 within must be a number of seconds, or text such as 30s or 2m",
    ),
    "within alone": ("units: [{name: a.service, within: 3}]", "IGN8108 1:35 within needs active"),
    "port": ("ports: [70000]", "IGN8103 1:9 item 1 of ports must be from 1 to 65535, not 70000"),
    "port 0": ("ports: [{port: 0}]", "IGN8103 1:16 port must be from 1 to 65535, not 0"),
    "partition": ("disks: [{device: /dev/a, partitions: [{}]}]", "IGN8103 1:39 a partition needs"),
    "journal": ("journal: [{unit: a}]", "IGN8103 1:11 a journal line needs either matches or"),
    "journal twice": (
        "journal: [{matches: a, contains: a}]",
        "IGN8103 1:11 a journal line needs either matches or contains",
    ),
    "two contents": (
        "files: [{path: /a, content: x, content_base64: eA==}]",
        "IGN8108 1:48 content and content_base64 exclude each other",
    ),
    "absent with mode": (
        "files: [{path: /a, exists: false, mode: 0600}]",
        "IGN8108 1:35 what does not exist has no mode",
    ),
    "same file": (
        "files:\n- {path: /a, mode: 0600}\n- {path: /a, mode: 0644}",
        "IGN8108 3:3 file /a: mode differs from what line 2 expects",
    ),
    "file and directory": (
        "files: [{path: /a}]\ndirectories: [{path: /a}]",
        "IGN8108 2:15 /a cannot be a directory and a file",
    ),
    "port on and off": (
        "ports: [22, {port: 22, listening: false}]",
        "IGN8108 1:13 port tcp/22: listening differs from what line 1 expects",
    ),
    "masked and active": (
        "units: [{name: a.service, masked: true, active: true}]",
        "IGN8108 1:9 unit a.service: a masked unit does not start",
    ),
    "failure with files": (
        "failure: {phase: disks}\nfiles: [{path: /a}]",
        "IGN8108 2:1 failure excludes files",
    ),
    "failure code": ("failure: {code: 2103}", "IGN8103 1:17 code must be text, not the number"),
    "failure phase": ("failure: {phase: disk}", "IGN8103 1:18 phase must be fetch-offline, fetch"),
    "password checksum": (
        "users: [{name: a, password_hash: 'sha256:12'}]",
        "IGN8109 1:34 sha256: is followed by 64 hexadecimal digits",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_files(case: str) -> None:
    text, wanted = BAD[case]
    code, place, message, _ = only(text)
    assert f"{code} {place} {message}".startswith(wanted)


HINTS = {
    "files: [{path: /a, mod: 0600}]": "did you mean mode?",
    "files: [{path: /a, Mode: 0600}]": "did you mean mode?",
    "kernel-arguments: []": "did you mean kernel_arguments?",
    "files: [{path: /a, qqq: 0600}]": "known keys: path, exists, user, group, mode, content,",
    "ports: [{port: 1, protocol: upd}]": "did you mean udp?",
    "links: [{path: /a, target: 0755}]": 'put it in quotes: "0755"',
    "units: [{name: a.service, enabled: off}]": "write false",
    "units: [{name: nginx}]": "write nginx.service, or another suffix",
    "files: [{path: /a, mode: 644}]": 'write 0644 (in JSON in quotes: "0644")',
    "files: [{path: /a, mode: 420}]": 'write 0644 (in JSON in quotes: "0644")',
    "files: [{path: /a, mode: 493}]": 'write 0755 (in JSON in quotes: "0755")',
    "files: [{path: /a, mode: 1777}]": 'write 01777 (in JSON in quotes: "01777")',
    "files: [{path: /a//b/}]": "write /a/b",
    "users: [{name: a, uid: 010}]": "write 8 in decimal",
    "failure: {phase: disk}": "did you mean disks?",
    "files:\n\t- a": "indent with spaces: YAML does not allow tabs",
    "ports: [{port: '22'}]": "remove the quotes",
}


@pytest.mark.parametrize("text", HINTS)
def test_hints(text: str) -> None:
    assert only(text)[3].startswith(HINTS[text])


def test_all_findings_at_once_in_the_order_of_the_lines() -> None:
    text = "files:\n- {path: a, mod: 1, mode: x}\n- {}\nunits: x\nfile: []\n"
    found = findings(text)
    places = [(finding.origin.line, finding.origin.column) for finding in found]
    assert places == sorted(places)
    assert [line for line, _ in places] == [2, 2, 2, 3, 4, 5]
    assert [str(finding) for finding in findings(text)] == [str(finding) for finding in found]


def test_aliases_of_aliases_do_not_exhaust_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    code, _, message, _ = only("\n".join(lines))
    assert code == "IGN8110"
    assert "aliases expand to more than" in message


SPLICES = [
    *(
        "",
        "null",
        "true",
        "[]",
        "{}",
        "-1",
        "0644",
        "9" * 20,
        "1.5",
        "'",
        '"',
        "&a ",
        "*a",
        "!!int ",
    ),
    *(
        "<<: ",
        "? ",
        ": ",
        "\n",
        "  ",
        "- ",
        "\t",
        "\0",
        "|\n",
        "---\n",
        "%YAML 9\n",
        "\\ud800",
        "\u2028",
    ),
    *("((", "a{99999}", "path: /a", "exists: false", "\ufeff", "#", "\\"),
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(EVERYTHING)), st.integers(0, 30), st.sampled_from(SPLICES)),
        min_size=1,
        max_size=4,
    )
)
def test_damaged_files_are_read_or_refused(changes: list[tuple[int, int, str]]) -> None:
    text = EVERYTHING
    for at, removed, added in changes:
        text = text[:at] + added + text[at + removed :]
    try:
        read(text)
    except InvalidConfig as refused:
        for finding in refused.findings:
            assert 1 <= finding.origin.line <= text.count("\n") + 1
            assert finding.origin.column >= 1
            assert finding.message


def test_the_same_expectation_twice_is_no_contradiction() -> None:
    assert len(read("files: [{path: /a, mode: 0600}, {path: /a, contains: x}]").items) == 2
    assert len(read("files: [{path: /a}]\nlinks: [{path: /a, target: /b, hard: true}]").items) == 2


def test_findings_are_printed_with_their_lines_but_without_password_hashes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    text = b"users: [{name: core, pasword: x, password_hash: $6$geheim}]\nfiles: [{path: a b}]\n"
    with pytest.raises(InvalidConfig) as caught:
        load("web.expect.yaml", text)
    print_failure(caught.value, text, "web.expect.yaml")
    printed = capfd.readouterr().err
    assert "2 | files: [{path: a b}]" in printed
    assert "users: [{name: core, pasword: x, password_hash***" in printed
    assert "geheim" not in printed
