# SPDX-License-Identifier: Apache-2.0
"""Volumes for tests, and what cryptsetup says about them."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.machine.disks.engine import Ran, run, succeed

Storage = dict[str, Any]

KEY = b"a key of the user"
UUID = "0f0e0d0c-1111-4222-8333-444455556666"
# A key derivation that takes no time.
FAST = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]


def data_url(data: bytes) -> str:
    return f"data:;base64,{base64.b64encode(data).decode()}"


def volume(
    device: str, key: bytes | None = KEY, name: str = "vault", **more: Any
) -> dict[str, Any]:
    """A storage section with one volume. `key` None: the engine generates one."""
    entry: dict[str, Any] = {"name": name, "device": device, "options": FAST, **more}
    if key is not None:
        entry["keyFile"] = {"source": data_url(key)}
    return {"luks": [entry]}


def make(device: str, key: bytes | None = KEY, **more: Any) -> Ran:
    return succeed("disks", volume(device, key, **more))


def refuse(device: str, code: str, key: bytes | None = KEY, **more: Any) -> Ran:
    """A run that must be refused without a change of the device."""
    before = contents(device)
    ran = run("disks", volume(device, key, **more))
    assert ran.codes == [code], ran.text()
    assert contents(device) == before
    return ran


def contents(device: str) -> str:
    """A digest of the first 17 MiB: both headers, the key slots and the start of the data."""
    with open(device, "rb") as file:
        return hashlib.sha256(file.read(17 << 20)).hexdigest()


def cryptsetup(*args: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["cryptsetup", *args], check=True, capture_output=True, input=stdin)
    return done.stdout.decode()


def foreign_volume(device: str, *options: str, key: bytes = KEY, version: int = 2) -> str:
    """A closed volume that somebody else has made. Returns its UUID."""
    kind = f"luks{version}"
    command = ["luksFormat", "--batch-mode", "--type", kind, *FAST, *options, "--key-file", "-"]
    cryptsetup(*command, device, stdin=key)
    return cryptsetup("luksUUID", device).strip()


def opens(device: str, key: bytes) -> bool:
    """Whether the key opens the volume on the device."""
    command = ["cryptsetup", "open", "--test-passphrase", "--key-file", "-", device]
    return not subprocess.run(command, input=key, capture_output=True).returncode


def metadata(device: str) -> dict[str, Any]:
    """The JSON text of the header, as cryptsetup prints it."""
    value: dict[str, Any] = json.loads(cryptsetup("luksDump", "--dump-json-metadata", device))
    return value


def dump(device: str) -> dict[str, str]:
    """The first lines of luksDump: Version, UUID, Label, Flags, ..."""
    lines = cryptsetup("luksDump", device).splitlines()
    pairs = [line.partition(":") for line in lines if line[:1].strip() and ":" in line]
    return {name: value.strip() for name, _, value in reversed(pairs)}


def state_of(device: str) -> list[str]:
    """The states of our tokens in the header."""
    tokens = metadata(device)["tokens"].values()
    return [token["state"] for token in tokens if token["type"] == "ignition-firstboot"]


def held_key(name: str = "vault") -> bytes:
    return (Path("/run/ignition/keys") / hashlib.sha256(name.encode()).hexdigest()).read_bytes()


def remove_held_key() -> None:
    """As if the machine had been rebooted: /run is empty."""
    shutil.rmtree("/run/ignition/keys", ignore_errors=True)


def close(name: str = "vault") -> None:
    cryptsetup("close", name)


def write_file(name: str, text: str) -> None:
    """Puts a file with this text into the ext4 in an open volume, which it creates if it is not there."""
    node = f"/dev/mapper/{name}"
    if subprocess.run(["blkid", "--probe", node], capture_output=True).returncode:
        subprocess.run(["mkfs.ext4", "-q", node], check=True)
    subprocess.run(["mount", node, "/mnt"], check=True)
    Path("/mnt/file").write_text(text)
    subprocess.run(["umount", "/mnt"], check=True)


def read_file(name: str) -> str:
    subprocess.run(["mount", f"/dev/mapper/{name}", "/mnt"], check=True)
    text = Path("/mnt/file").read_text()
    subprocess.run(["umount", "/mnt"], check=True)
    return text
