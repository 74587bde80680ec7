# SPDX-License-Identifier: Apache-2.0
"""Keys of other config formats that spec 3 does not have, and their replacements."""

from __future__ import annotations

_PARTS = "that is Butane: butane turns it into a config"
_TEXT = "that is Butane: in a config the text belongs in"
_MOVED = "spec 2 had it; in spec 3 its members belong to"

# (object type in the newest spec, key) -> hint. "" matches any type.
_KEYS: dict[tuple[str, str], str] = {
    # Ignition's spec 1 and 2
    ("Config", "networkd"): "spec 2 had it: write the units as files below /etc/systemd/network",
    ("Config", "ignitionVersion"): "spec 1 had it: write ignition.version",
    ("IgnitionConfig", "append"): "spec 2 had it: spec 3 calls it merge",
    ("Storage", "arrays"): "spec 1 had it: spec 3 calls it raid",
    ("File", "filesystem"): "spec 2 had it: in spec 3 path begins at the root of the machine",
    ("Directory", "filesystem"): "spec 2 had it: in spec 3 path begins at the root of the machine",
    ("Link", "filesystem"): "spec 2 had it: in spec 3 path begins at the root of the machine",
    ("File", "source"): "write it in contents",
    (
        "Filesystem",
        "name",
    ): "spec 2 had it: leave it out, or write label",
    ("Filesystem", "mount"): f"{_MOVED} the filesystem itself",
    ("Filesystem", "create"): f"{_MOVED} the filesystem itself; force is wipeFilesystem",
    ("Filesystem", "files"): "spec 1 had it: write storage.files",
    ("Filesystem", "force"): "spec 2 had it: spec 3 calls it wipeFilesystem",
    ("Partition", "size"): "spec 2 had it, in sectors: write sizeMiB",
    ("Partition", "start"): "spec 2 had it, in sectors: write startMiB",
    ("PasswdUser", "create"): f"{_MOVED} the user itself",
    ("PasswdUser", "coreosSSHImportGithub"): "cloud-init had it: write sshAuthorizedKeys",
    ("PasswdUser", "password"): "write passwordHash, a hash and not the password",
    ("PasswdUser", "passwd"): "write passwordHash",
    ("Unit", "enable"): "spec 1 had it: write enabled",
    ("Unit", "command"): "cloud-init had it: write enabled",
    # Butane
    ("Config", "variant"): _PARTS,
    ("Config", "boot_device"): _PARTS,
    ("Config", "grub"): _PARTS,
    ("Config", "openshift"): _PARTS,
    ("Config", "extensions"): _PARTS,
    ("Config", "metadata"): "that is Butane for OpenShift, or Kubernetes: a config has no metadata",
    (
        "Storage",
        "trees",
    ): "that is Butane: butane --files-dir writes the files of the folder into the config",
    ("", "inline"): f"{_TEXT} source, as a data URL: data:,TEXT",
    ("", "local"): f"{_TEXT} source, as a data URL; butane --files-dir writes it there",
    ("", "contents_local"): f"{_TEXT} contents; butane --files-dir writes it there",
    (
        "PasswdUser",
        "ssh_authorized_keys_local",
    ): f"{_TEXT} sshAuthorizedKeys",
    (
        "Filesystem",
        "with_mount_unit",
    ): "that is Butane: in a config the mount is a unit below systemd.units",
    (
        "Systemd",
        "quadlets",
    ): "that is Butane: in a config a quadlet is a file below /etc/containers/systemd",
}
# Keys that people misplace at the top level -> the section that they belong in.
_SECTIONS = {
    "config": "ignition", "security": "ignition", "timeouts": "ignition", "proxy": "ignition",
    "users": "passwd", "groups": "passwd", "units": "systemd",
    "disks": "storage", "raid": "storage", "luks": "storage", "filesystems": "storage",
    "files": "storage", "directories": "storage", "links": "storage",
    "version": "ignition",
}  # fmt: skip


def key_hint(key: str, type_name: str) -> str:
    """A hint for a key of another format, "" if it is unknown there too."""
    found = _KEYS.get((type_name, key)) or _KEYS.get(("", key))
    if found:
        return found
    if type_name == "Config" and key in _SECTIONS:
        return f"{key} belongs in {_SECTIONS[key]}"
    return ""


def identify_object(keys: dict[str, object]) -> str:
    """A hint for a JSON object of another format, "" if nothing suggests one."""
    if "ignitionVersion" in keys:
        return "this is a spec 1 config: convert it to spec 3, or write it anew"
    if "variant" in keys:
        return BUTANE
    if "apiVersion" in keys and "kind" in keys:
        return KUBERNETES
    return ""


BUTANE = "this looks like Butane YAML: turn it into an Ignition config first, with butane"
MACHINE_CONFIG = "this is an OpenShift MachineConfig: the Ignition config is its spec.config"
KUBERNETES = "this is a Kubernetes object, not an Ignition config"


def identify_yaml(data: bytes) -> str:
    """A hint for YAML text of a known format, else ""."""
    if b"apiVersion:" in data and b"kind:" in data:
        return MACHINE_CONFIG if b"kind: MachineConfig" in data else KUBERNETES
    if data.lstrip().startswith(b"---") or b"variant:" in data or b"ignition:" in data:
        return BUTANE
    return ""
