# SPDX-License-Identifier: Apache-2.0
"""Volumes that clevis unlocks, in the whole disks phase.

One test takes real pins. clevis starts so many processes that user-mode Linux needs half a minute for a
volume, so the others have a stand-in for the command; tests/unit/stages/test_luks_pins.py has the real pins.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ignition.acquisition.network_need import network_need
from ignition.system import tpm
from tests.machine.blockdevices import BlankDisk
from tests.machine.disks.engine import run, succeed
from tests.machine.disks.filesystems import shell, tags
from tests.support import tang as tang_support
from tests.support import tpm as tpm_support
from tests.support.tang import TangServer
from tests.support.tpm import Tpm

MISSING = tang_support.missing() or tpm_support.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
QUICK = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
OPEN = "/dev/mapper/data"
Storage = dict[str, Any]

STAND_IN = f"""\
#!/bin/sh
# clevis with a pin whose passphrase is known
echo "$@" >> FOLDER/calls
case "$*" in
CUT*) exit 1 ;;
"encrypt "*) cat > /dev/null ;;
"luks bind "*)
  printf passphrase > FOLDER/passphrase
  cryptsetup luksAddKey --batch-mode --key-file "$5" {" ".join(QUICK)} "$7" FOLDER/passphrase &&
  echo '{{"type":"clevis","keyslots":["1"],"jwe":{{}}}}' | cryptsetup token import --json-file - "$7" ;;
"luks unlock "*) cryptsetup open --key-file FOLDER/passphrase "$4" "$6" ;;
*) exit 2 ;;
esac
"""


@pytest.fixture
def disk(blank_disk: BlankDisk) -> Iterator[str]:
    yield blank_disk(size_mib=24)
    close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TangServer]:
    with TangServer(tmp_path / "tang") as server:
        yield server


class StandIn:
    """The stand-in for clevis: `settings` uses it, `calls` are its arguments, `cut` makes a call fail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = folder / "clevis"
        self.settings: dict[str, Any] = {"programs": {"clevis": str(self._program)}}
        self.cut("nothing")

    def cut(self, words: str) -> None:
        text = STAND_IN.replace("FOLDER", str(self._folder))
        self._program.write_text(text.replace("CUT", f'"{words}"'))
        self._program.chmod(0o755)

    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def volume(disk: str, clevis: dict[str, Any], **more: Any) -> Storage:
    return {"luks": [{"name": "data", "device": disk, "options": QUICK, "clevis": clevis, **more}]}


def known(server: TangServer) -> dict[str, str]:
    """The server as a config names it."""
    return {"url": server.url, "thumbprint": server.thumbprint}


def close() -> None:
    """What a reboot does to the volume."""
    if os.path.exists(OPEN):
        subprocess.run(["cryptsetup", "close", "data"], check=True)


def header(disk: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        shell("cryptsetup", "luksDump", "--dump-json-metadata", disk)
    )
    return found


def states(disk: str) -> set[str]:
    """The states in our tokens."""
    tokens = header(disk)["tokens"].values()
    return {each["state"] for each in tokens if each["type"] == "ignition-firstboot"}


def test_real_server_and_tpm(disk: str, server: TangServer, tmp_path: Path) -> None:
    shell("mkfs.ext4", "-q", disk)
    clevis = {"tang": [known(server)], "tpm2": True, "threshold": 2}
    wanted = volume(disk, clevis, wipeVolume=True)
    with Tpm(tmp_path / "tpm"):
        ran = succeed("disks", wanted)
        assert ran.logged('unlocking "data" by clevis')
        assert tags(disk)["TYPE"] == "crypto_LUKS"
        assert [*header(disk)["keyslots"]] == ["1"]
        assert states(disk) == {"ready"}
    assert os.path.exists(OPEN)


def test_known_advertisement_and_a_key_file(
    disk: str, server: TangServer, stand_in: StandIn
) -> None:
    """The server is not asked, and the volume not opened by it; the user's key stays beside the pin's."""
    server.__exit__()
    clevis = {"tang": [{**known(server), "advertisement": server.advertisement}]}
    wanted = volume(disk, clevis, keyFile={"source": "data:,own%20key"})
    assert network_need({"storage": wanted}, {}) is None
    succeed("disks", wanted, **stand_in.settings)
    assert server.connections == 0
    assert [each[:9] for each in stand_in.calls()] == ["encrypt s", "luks bind"]
    assert [*header(disk)["keyslots"]] == ["0", "1"]
    assert os.path.exists(OPEN)
    assert states(disk) == {"ready"}
    again = succeed("disks", wanted, **stand_in.settings)
    assert again.summary == [f"keep encrypted volume data on {disk}"]


def test_custom_pin(disk: str, stand_in: StandIn) -> None:
    """It is passed as it is, and not tested. Its configuration may be secret."""
    custom = {"pin": "null", "config": '{"token":  "s3cret"}', "needsNetwork": True}
    wanted = volume(disk, {"custom": custom})
    assert network_need({"storage": wanted}, {}) is not None
    ran = succeed("disks", wanted, **stand_in.settings)
    rehearsed, bound = stand_in.calls()
    assert rehearsed == 'encrypt null {"token":  "s3cret"}'
    assert bound.startswith("luks bind -f -k /proc/self/fd/")
    assert bound.endswith(' null {"token":  "s3cret"}')
    assert not ran.logged("s3cret")
    assert [*header(disk)["keyslots"]] == ["1"]


def test_what_is_missing_is_found_before_anything_changes(
    disk: str, server: TangServer, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tpm, "PATIENCE", 0)
    before = Path(disk).read_bytes()
    wanted = volume(disk, {"tpm2": True})
    assert run("disks", wanted).codes == ["IGN2307"]
    nowhere = {"clevis": "/run/machine/clevis"}
    assert run("disks", wanted, programs=nowhere).codes == ["IGN2306"]
    stand_in.cut("encrypt ")
    wanted = volume(disk, {"tang": [known(server)]})
    assert run("disks", wanted, **stand_in.settings).codes == ["IGN2312"]
    server.__exit__()
    assert run("disks", wanted, wait_fetch=1).codes == ["IGN4006"]
    assert Path(disk).read_bytes() == before


def test_interrupted_runs_are_completed(
    disk: str, server: TangServer, stand_in: StandIn, tmp_path: Path
) -> None:
    """Nothing of value is in a volume that is not marked as ready, so each run starts over."""
    wanted = volume(disk, {"tang": [known(server)]})
    stand_in.cut("luks bind")
    ran = run("disks", wanted, **stand_in.settings)
    assert (ran.codes, states(disk)) == (["IGN2312"], {"begun"})
    assert os.path.exists(OPEN)  # which the next run has to close

    stand_in.cut("luks unlock")
    ran = run("disks", wanted, **stand_in.settings)
    assert (ran.codes, states(disk)) == (["IGN2309"], {"begun"})
    assert [*header(disk)["keyslots"]] == ["0", "1"]

    stand_in.cut("nothing")
    for words in ("luksRemoveKey", "token import"):
        script = tmp_path / "cryptsetup"
        # The first import marks the volume as begun, later ones as ready.
        script.write_text(f"""#!/bin/sh
case "$*" in "{words} "*) echo >> {tmp_path}/count; [ $(wc -l < {tmp_path}/count) -ge 2 ] && exit 1;; esac
exec cryptsetup "$@"
""")
        script.chmod(0o755)
        (tmp_path / "count").write_text("\n" if words == "luksRemoveKey" else "")
        stand_in.settings["programs"]["cryptsetup"] = str(script)
        ran = run("disks", wanted, **stand_in.settings)
        assert (ran.codes, states(disk)) == (["IGN7002"], {"begun"}), ran.text()
        close()

    del stand_in.settings["programs"]["cryptsetup"]
    succeed("disks", wanted, **stand_in.settings)
    assert [*header(disk)["keyslots"]] == ["1"]
    assert states(disk) == {"ready"}
    uuid = tags(disk)["UUID"]
    close()
    succeed("disks", wanted, **stand_in.settings)
    assert os.path.exists(OPEN)
    assert tags(disk)["UUID"] == uuid
