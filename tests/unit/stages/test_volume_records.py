# SPDX-License-Identifier: Apache-2.0
"""Key files and crypttab lines, written by the files phase. cryptsetup makes the headers."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ignition.base import gojson
from ignition.base.errors import Failure, flatten
from ignition.base.settings import Settings
from ignition.config.model import Config
from ignition.stages.luks import decisions, keys, records
from ignition.system import luks2
from tests.support.target import Target

ALL = ("prepare", "files", "luks.records", "finish")
CUT = ("prepare", "files", "luks.records")  # as if power failed before the result file
KEY = "a generated key"
CRYPTTAB = "/etc/crypttab"
UUID = "0b1c2d3e-0000-4000-8000-000000000001"
LINE = f"data UUID={UUID} /etc/luks/data luks,x-initrd.attach\n"
RESULT = "/etc/.ignition-result.json"
TANG = {"tang": [{"url": "http://tang", "thumbprint": "x", "advertisement": "{}"}]}


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image with the header of a volume."""
    image = tmp_path_factory.mktemp("volume") / "image"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    fast = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--luks2-keyslots-size", "4M")
    command = ("cryptsetup", "luksFormat", "-q", "--type", "luks2", "--uuid", UUID, *fast)
    subprocess.run([*command, image, "-"], input=b"key", check=True)
    return image


@pytest.fixture
def system(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    target.settings.programs["is-live-image"] = "no-such-program"
    target.settings.dev_aliases_dir = str(tmp_path / "aliases")
    return target


@pytest.fixture
def device(volume: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(volume, tmp_path / "device"))


def config(device: Path, *names: str, **members: Any) -> dict[str, Any]:
    return {
        "storage": {
            "luks": [
                {"name": name, "device": str(device), **members} for name in names or ("data",)
            ]
        }
    }


def hold(system: Target, *names: str, key: str = KEY) -> None:
    """What the disks phase leaves."""
    for name in names or ("data",):
        keys.hold(system.settings, name, keys.new_key(key.encode(), generated=True))


def held(system: Target, name: str = "data") -> bytes | None:
    return keys.held(system.settings, name)


def read(system: Target, path: str) -> str:
    return system.at(path).read_text()


def codes(system: Target, value: dict[str, Any], *stages: str) -> list[str]:
    with pytest.raises(Failure) as caught:
        system.run(value, *(stages or ALL))
    return [each.code for each in flatten(caught.value)]


def origins(system: Target, value: dict[str, Any]) -> list[str]:
    """The code and the place of each refusal."""
    with pytest.raises(Failure) as caught:
        system.run(value, *ALL)
    return [f"{one.code} {one.origin and one.origin.pointer}" for one in flatten(caught.value)]


def data_url(text: str) -> str:
    return "data:;base64," + base64.b64encode(text.encode()).decode()


def test_key_file_and_line(system: Target, device: Path) -> None:
    hold(system)
    system.run(config(device), *ALL)
    assert (read(system, CRYPTTAB), system.mode(CRYPTTAB)) == (LINE, 0o600)
    assert (read(system, "/etc/luks/data"), system.mode("/etc/luks/data")) == (KEY, 0o600)
    assert system.mode("/etc/luks") == 0o700
    assert not any(KEY in line for line in system.log)


@pytest.mark.parametrize(
    ("clevis", "options"),
    [
        (TANG, "luks,_netdev,x-initrd.attach"),
        ({"tpm2": True}, "luks,x-initrd.attach"),
        ({"threshold": 1}, "luks,x-initrd.attach"),
        ({"custom": {"pin": "p", "config": "c", "needsNetwork": True}}, "luks,_netdev,x-initrd.attach"),
        ({"custom": {"pin": "p", "config": "c"}}, "luks,x-initrd.attach"),
    ],
)  # fmt: skip
def test_a_volume_with_clevis_needs_no_key(
    system: Target, device: Path, clevis: dict[str, Any], options: str
) -> None:
    system.run(config(device, clevis=clevis), *ALL)
    assert read(system, CRYPTTAB) == f"data UUID={UUID} none {options}\n"
    assert not system.at("/etc/luks").exists()


def test_the_lines_follow_the_order_of_the_config(system: Target, device: Path) -> None:
    hold(system, "z", "a")
    assert "record 2 volumes in /etc/crypttab" in system.run(config(device, "z", "a"), *ALL)
    assert [line.split()[0] for line in read(system, CRYPTTAB).splitlines()] == ["z", "a"]


def test_existing_crypttab(system: Target, device: Path) -> None:
    system.put(CRYPTTAB, "swap /dev/vdc /dev/urandom swap", 0o644, (3, 4))
    hold(system)
    system.run(config(device), *ALL)
    assert read(system, CRYPTTAB) == "swap /dev/vdc /dev/urandom swap\n" + LINE
    assert (system.mode(CRYPTTAB), system.owner(CRYPTTAB)) == (0o600, (3, 4))


def test_a_crypttab_of_the_config_is_extended(system: Target, device: Path) -> None:
    hold(system)
    value = config(device)
    value["storage"]["files"] = [{"path": CRYPTTAB, "contents": {"source": "data:,%23%20mine%0A"}}]
    system.run(value, *ALL)
    assert read(system, CRYPTTAB) == "# mine\n" + LINE


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_crypttab_that_is_no_file(system: Target, device: Path, kind: str) -> None:
    if kind == "link":
        system.link(CRYPTTAB, "/other")
    else:
        system.folder(CRYPTTAB)
    hold(system)
    before = system.tree()
    value = config(device)
    value["storage"]["files"] = [{"path": "/f"}]
    assert codes(system, value) == ["IGN3402"]
    assert system.tree() == before


def test_a_foreign_line_stays(system: Target, device: Path) -> None:
    system.put(CRYPTTAB, "data /dev/vdz none luks\n")
    hold(system)
    system.run(config(device), *ALL)
    assert read(system, CRYPTTAB) == "data /dev/vdz none luks\n" + LINE
    assert any("lists volume data already" in line for line in system.log)


def test_an_existing_key_folder_keeps_its_mode(system: Target, device: Path) -> None:
    system.folder("/etc/luks", 0o755)
    hold(system)
    system.run(config(device), *ALL)
    assert system.mode("/etc/luks") == 0o755


def test_key_folder_behind_a_link(system: Target, device: Path) -> None:
    system.link("/etc/luks", "/var/keys")
    hold(system)
    system.run(config(device), *ALL)
    assert (read(system, "/var/keys/data"), system.mode("/var/keys")) == (KEY, 0o700)


def test_something_else_in_place_of_the_key_folder(system: Target, device: Path) -> None:
    system.put("/etc/luks", "x")
    hold(system)
    before = system.tree()
    value = config(device)
    value["storage"]["files"] = [{"path": "/f"}]
    assert codes(system, value) == ["IGN3003"]
    assert system.tree() == before


def test_a_missing_key_is_noticed_before_anything_is_written(system: Target, device: Path) -> None:
    hold(system, "a")
    value = config(device, "a", "b", "c")
    value["storage"]["files"] = [{"path": "/f"}]
    assert codes(system, value) == ["IGN3501", "IGN3501"]
    assert system.tree() == {}


def test_a_device_without_a_header(system: Target, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(bytes(1 << 20))
    hold(system, "a", "b")
    assert codes(system, config(empty, "a")) == ["IGN3505"]
    assert codes(system, config(tmp_path / "none", "b")) == ["IGN3505"]
    assert system.tree() == {}


def test_a_key_from_the_state_of_ignition(system: Target, device: Path) -> None:
    system.state.luks_persist_key_files = {"data": data_url(KEY), "other": data_url("x")}
    system.run(config(device), *ALL)
    assert read(system, "/etc/luks/data") == KEY
    assert system.state.luks_persist_key_files == {}


def test_no_key_stays_in_memory(system: Target, device: Path) -> None:
    hold(system, "data", "other")
    system.run(config(device), *ALL)
    assert (held(system), held(system, "other")) == (None, KEY.encode())


def test_keys_are_held_until_the_result_file_is_written(system: Target, device: Path) -> None:
    hold(system)
    system.settings.boot_id_path = "/no/such/file"
    assert codes(system, config(device)) == ["IGN3502"]
    assert held(system) == KEY.encode()
    system.settings.boot_id_path = "/proc/sys/kernel/random/boot_id"
    system.run(config(device), *ALL)
    assert held(system) is None


def test_without_a_result_file(system: Target, device: Path) -> None:
    hold(system)
    system.settings.result_file = ""
    system.run(config(device), *ALL)
    assert (read(system, "/etc/luks/data"), held(system)) == (KEY, None)


def test_crypto_card(system: Target, device: Path) -> None:
    system.state.luks_persist_volume_key_files = {
        f"ignition-luks-data.{kind}": data_url(kind) for kind in ("info", "skey")
    }
    hold(system)
    system.run(config(device, cex={"enabled": True}), *ALL)
    for kind in ("info", "skey"):
        path = f"/etc/zkey/repository/ignition-luks-data.{kind}"
        assert (read(system, path), system.mode(path)) == (kind, 0o600)
    assert system.mode("/etc/zkey/repository") == 0o755
    assert read(system, CRYPTTAB) == LINE
    assert system.state.luks_persist_volume_key_files == {}


def test_crypto_card_without_its_files(system: Target, device: Path) -> None:
    hold(system)
    assert codes(system, config(device, cex={"enabled": True})) == ["IGN3501"]


@pytest.mark.parametrize("first", [CUT, ALL])
def test_a_repeated_run(system: Target, device: Path, first: tuple[str, ...]) -> None:
    """The disks phase may have formatted the volume again, with another key."""
    hold(system)
    system.run(config(device), *first)
    before = system.tree()
    for key in ("another key", KEY):
        hold(system, key=key)
        system.run(config(device), *ALL)
        assert (read(system, "/etc/luks/data"), read(system, CRYPTTAB)) == (key, LINE)
    after = system.tree()
    before.pop(RESULT.lstrip("/"), None)
    after.pop(RESULT.lstrip("/"))
    assert after == before


@pytest.mark.parametrize("text", [KEY, "foreign"])
def test_a_foreign_key_file(system: Target, device: Path, text: str) -> None:
    system.put("/etc/luks/data", text)
    hold(system)
    before = system.tree()
    value = config(device)
    value["storage"]["files"] = [{"path": "/f"}]
    assert codes(system, value) == ["IGN3504"]
    assert system.tree() == before


def test_a_key_file_of_a_run_with_another_config(system: Target, device: Path) -> None:
    hold(system)
    system.run(config(device), *CUT)
    other = config(device, label="x")
    assert codes(system, other) == ["IGN3504"]


def test_a_key_file_that_the_config_writes(system: Target, device: Path) -> None:
    system.link("/luks", "/etc/luks")
    hold(system)
    value = config(device)
    value["storage"]["files"] = [{"path": "/luks/data", "contents": {"source": "data:,x"}}]
    before = system.tree()
    assert codes(system, value) == ["IGN3504"]
    assert system.tree() == before


def test_a_key_file_that_appears_after_planning(
    system: Target, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ignition.stages.luks.records._check_paths", lambda *_: None)
    hold(system)
    value = config(device)
    value["storage"]["files"] = [{"path": "/etc/luks/data", "contents": {"source": "data:,x"}}]
    assert codes(system, value) == ["IGN3504"]
    assert read(system, "/etc/luks/data") == "x"


class TestMark:
    def put(self, device: Path, value: dict[str, Any], state: str) -> None:
        digest = "sha512-" + hashlib.sha512(gojson.dumps(value).encode()).hexdigest()
        token = decisions.new_token("data", digest, state)
        command = ["cryptsetup", "token", "import", "--json-file", "-", str(device)]
        subprocess.run(command, input=json.dumps(token).encode(), check=True)

    def states(self, device: Path) -> list[str]:
        header = luks2.read(str(device))
        assert header is not None
        return [token["state"] for token in header.tokens.values()]

    def test_a_volume_becomes_ready(self, system: Target, device: Path) -> None:
        value = config(device)
        self.put(device, value, decisions.BEGUN)
        hold(system)
        system.run(value, *CUT)
        assert self.states(device) == [decisions.BEGUN]
        system.run(value, *ALL)
        assert self.states(device) == [decisions.READY]

    def test_not_before_the_result_file(self, system: Target, device: Path) -> None:
        value = config(device)
        self.put(device, value, decisions.BEGUN)
        hold(system)
        system.settings.boot_id_path = "/no/such/file"
        assert codes(system, value) == ["IGN3502"]
        assert self.states(device) == [decisions.BEGUN]

    def test_the_mark_of_another_config_stays(self, system: Target, device: Path) -> None:
        self.put(device, config(device, label="x"), decisions.BEGUN)
        hold(system)
        system.run(config(device), *ALL)
        assert self.states(device) == [decisions.BEGUN]


def test_labels(system: Target, device: Path, tmp_path: Path) -> None:
    setfiles = tmp_path / "setfiles"
    setfiles.write_text(f'#!/bin/sh\ntr "\\0" "\\n" >>{tmp_path}/paths\n')
    setfiles.chmod(0o755)
    system.settings.programs["setfiles"] = str(setfiles)
    system.put("/etc/selinux/config", "SELINUXTYPE=targeted\n")
    hold(system)
    system.run(config(device), *ALL)
    paths = (tmp_path / "paths").read_text().splitlines()
    labelled = [path.removeprefix(str(system.root)) for path in paths]
    assert labelled == [CRYPTTAB, "/etc/luks", RESULT]


def test_paths_that_may_be_written() -> None:
    volumes = [
        {"name": "data", "device": "/dev/a"},
        {"name": "card", "device": "/dev/b", "cex": {"enabled": True}},
        {"name": "pins", "device": "/dev/c", "clevis": {"tpm2": True}},
    ]
    value = {"ignition": {"version": "3.7.0-experimental"}, "storage": {"luks": volumes}}
    assert list(records.paths(Config(value), Settings())) == [
        "/etc/luks/data",
        "/etc/luks/card",
        "/etc/zkey/repository/ignition-luks-card.info",
        "/etc/zkey/repository/ignition-luks-card.skey",
        "/etc/crypttab",
    ]


# Where the config is at fault


def test_origin_of_a_missing_key(system: Target, device: Path) -> None:
    hold(system, "a")
    expected = ["IGN3501 /storage/luks/1", "IGN3501 /storage/luks/2"]
    assert origins(system, config(device, "a", "b", "c")) == expected


def test_origin_of_an_existing_key_file(system: Target, device: Path) -> None:
    system.put("/etc/luks/b", "x")
    hold(system, "a", "b")
    assert origins(system, config(device, "a", "b")) == ["IGN3504 /storage/luks/1"]


def test_origin_of_an_unusable_crypttab(system: Target, device: Path) -> None:
    system.folder(CRYPTTAB)
    hold(system, "a", "b")
    assert origins(system, config(device, "a")) == ["IGN3402 /storage/luks/0"]
    assert origins(system, config(device, "a", "b")) == ["IGN3402 /storage/luks"]


def test_origin_of_a_device_without_a_uuid(system: Target, tmp_path: Path) -> None:
    device = tmp_path / "empty"
    device.write_bytes(bytes(1 << 20))
    hold(system)
    assert origins(system, config(device)) == ["IGN3505 /storage/luks/0/device"]


@pytest.mark.parametrize("uuid", [b"", b"a none luks,x", b"../" + UUID.encode()])
def test_a_uuid_that_would_break_the_line(system: Target, tmp_path: Path, uuid: bytes) -> None:
    """The header of LUKS1 has no checksum: whoever wrote it chose the text."""
    device = tmp_path / "first-version"
    device.write_bytes((b"LUKS\xba\xbe\0\1".ljust(168, b"\0") + uuid).ljust(1 << 20, b"\0"))
    hold(system)
    assert codes(system, config(device)) == ["IGN3505"]


def test_a_malformed_key_in_the_state(system: Target, device: Path) -> None:
    system.state.luks_persist_key_files = {"data": "no URL"}
    with pytest.raises(Failure, match="the key of volume data in the state is malformed") as caught:
        system.run(config(device), *ALL)
    assert caught.value.code == "IGN3501"


@pytest.mark.parametrize(
    ("kind", "entry", "place"),
    [
        ("directories", {"path": CRYPTTAB}, "IGN3402 /storage/directories/1"),
        ("links", {"path": CRYPTTAB, "target": "/other"}, "IGN3402 /storage/links/1"),
    ],
)
def test_a_crypttab_of_the_config_that_is_no_file(
    system: Target, device: Path, kind: str, entry: dict[str, Any], place: str
) -> None:
    hold(system)
    value = config(device)
    other = {"path": "/other", "target": "/x"} if kind == "links" else {"path": "/other"}
    value["storage"][kind] = [other, entry]
    assert origins(system, value) == [place]
    assert system.tree() == {}


def test_a_crypttab_that_is_a_hard_link(system: Target, device: Path) -> None:
    """It is a regular file. The lines go into a file of their own, since files are replaced whole."""
    system.put("/table", "# mine\n")
    hold(system)
    value = config(device)
    value["storage"]["links"] = [{"path": CRYPTTAB, "target": "/table", "hard": True}]
    system.run(value, *ALL)
    assert (read(system, CRYPTTAB), read(system, "/table")) == ("# mine\n" + LINE, "# mine\n")


def test_the_mode_of_a_complete_crypttab_is_restored(system: Target, device: Path) -> None:
    hold(system)
    system.run(config(device), *CUT)
    system.at(CRYPTTAB).chmod(0o644)
    hold(system)
    system.run(config(device), *ALL)
    assert (read(system, CRYPTTAB), system.mode(CRYPTTAB)) == (LINE, 0o600)


def test_summary_and_log(system: Target, device: Path) -> None:
    hold(system)
    steps = system.run(config(device), *ALL)
    assert "record volume data in /etc/crypttab" in steps
    assert "hand over volume data" in steps
    assert any(f'wrote key file "{system.at("/etc/luks/data")}"' in line for line in system.log)
    assert any(line.endswith(f": {LINE.rstrip()}") for line in system.log)
