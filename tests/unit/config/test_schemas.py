# SPDX-License-Identifier: Apache-2.0
"""The schemas agree with the decoder and the reference, and list the changes of each version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ignition.config import check, decode, document, shapes
from ignition.config.shapes import Member, Shape
from tests.support import random_json
from tools import models

SCHEMAS = models.load_schemas()

NEWEST = """
Config: ignition: {Ignition}; kernelArguments: {KernelArguments}; passwd: {Passwd}; storage: {Storage}; systemd: {Systemd}
Ignition: config: {IgnitionConfig}; proxy: {Proxy}; security: {Security}; timeouts: {Timeouts}; version: string
IgnitionConfig: merge: [Resource]; replace: {Resource}
Proxy: httpProxy: string?; httpsProxy: string?; noProxy: [string]
Security: tls: {TLS}
TLS: certificateAuthorities: [Resource]
Timeouts: httpResponseHeaders: int?; httpTotal: int?
Resource: compression: string?; httpHeaders: [HTTPHeader]; source: string?; verification: {Verification}
HTTPHeader: name: string; value: string?
Verification: hash: string?
KernelArguments: shouldExist: [string]; shouldNotExist: [string]
Passwd: groups: [PasswdGroup]; users: [PasswdUser]
PasswdGroup: gid: int?; name: string; passwordHash: string?; shouldExist: bool?; system: bool?
PasswdUser: gecos: string?; groups: [string]; homeDir: string?; name: string; noCreateHome: bool?; noLogInit: bool?; noUserGroup: bool?; passwordHash: string?; primaryGroup: string?; sshAuthorizedKeys: [string]; shell: string?; shouldExist: bool?; system: bool?; uid: int?
Storage: directories: [Directory]; disks: [Disk]; files: [File]; filesystems: [Filesystem]; links: [Link]; luks: [Luks]; raid: [Raid]
NodeGroup: id: int?; name: string?
NodeUser: id: int?; name: string?
Directory: group: {NodeGroup}; overwrite: bool?; path: string; user: {NodeUser}; mode: int?
File: group: {NodeGroup}; overwrite: bool?; path: string; user: {NodeUser}; append: [Resource]; contents: {Resource}; mode: int?
Link: group: {NodeGroup}; overwrite: bool?; path: string; user: {NodeUser}; hard: bool?; target: string?
Disk: device: string; partitions: [Partition]; wipeTable: bool?
Partition: guid: string?; label: string?; number: int; resize: bool?; shouldExist: bool?; sizeMiB: int?; startMiB: int?; typeGuid: string?; wipePartitionEntry: bool?
Filesystem: device: string; format: string?; label: string?; mountOptions: [string]; options: [string]; path: string?; uuid: string?; wipeFilesystem: bool?
Luks: cex: {Cex}; clevis: {Clevis}; device: string?; discard: bool?; keyFile: {Resource}; label: string?; name: string; openOptions: [string]; options: [string]; uuid: string?; wipeVolume: bool?
Cex: enabled: bool?
Clevis: custom: {ClevisCustom}; tang: [Tang]; threshold: int?; tpm2: bool?
ClevisCustom: config: string?; needsNetwork: bool?; pin: string?
Tang: advertisement: string?; thumbprint: string?; url: string
Raid: devices: [string]; level: string?; name: string; options: [string]; spares: int?
Systemd: units: [Unit]
Unit: contents: string?; dropins: [Dropin]; enabled: bool?; mask: bool?; name: string
Dropin: contents: string?; name: string
"""  # noqa: E501

# Differences from the next newer version: missing members, and members that differ.
DIFFERENCES: dict[str, set[str]] = {
    "3.6.0": set(),
    "3.5.0": set(),
    "3.4.0": {"-Luks.cex", "-Cex.enabled"},
    "3.3.0": {"-Luks.discard", "-Luks.openOptions", "-Tang.advertisement"},
    "3.2.0": {
        "-Config.kernelArguments",
        "-KernelArguments.shouldExist",
        "-KernelArguments.shouldNotExist",
        "Link.target: string",
        "Raid.level: string",
        "Luks.clevis: {Clevis}?",
        "Clevis.custom: {ClevisCustom}?",
        "ClevisCustom.config: string",
        "ClevisCustom.pin: string",
    },
    "3.1.0": {
        "-Storage.luks",
        "-Partition.resize",
        "-PasswdUser.shouldExist",
        "-PasswdGroup.shouldExist",
        *(f"-Luks.{name}" for name in ("clevis", "device", "keyFile", "label", "name", "options")),
        *(f"-Luks.{name}" for name in ("uuid", "wipeVolume")),
        *(f"-Clevis.{name}" for name in ("custom", "tang", "threshold", "tpm2")),
        *(f"-ClevisCustom.{name}" for name in ("config", "needsNetwork", "pin")),
        *(f"-Tang.{name}" for name in ("thumbprint", "url")),
    },
    "3.0.0": {
        "-Ignition.proxy",
        *(f"-Proxy.{name}" for name in ("httpProxy", "httpsProxy", "noProxy")),
        "-Filesystem.mountOptions",
        *(f"-HTTPHeader.{name}" for name in ("name", "value")),
        *(f"-Resource.{name}" for name in ("compression", "httpHeaders", "source", "verification")),
        "IgnitionConfig.merge: [ConfigReference]",
        "IgnitionConfig.replace: {ConfigReference}",
        "TLS.certificateAuthorities: [CaReference]",
        "File.append: [FileContents]",
        "File.contents: {FileContents}",
        "ConfigReference.source: string?",
        "ConfigReference.verification: {Verification}",
        "CaReference.source: string",
        "CaReference.verification: {Verification}",
        "FileContents.compression: string?",
        "FileContents.source: string?",
        "FileContents.verification: {Verification}",
    },
}


def notation(member: Member) -> str:
    """The type of a member in the notation of the reference."""
    names = {shapes.INTEGER: "int", shapes.BOOLEAN: "bool"}
    of = member.shape.name if member.shape else names.get(member.kind, member.kind)
    if member.kind == shapes.OBJECT:
        return f"{{{of}}}{'?' if member.pointer else ''}"
    if member.kind == shapes.ARRAY:
        return f"[{of if member.shape else 'string'}]"
    return of if member.plain else f"{of}?"


def all_shapes(shape: Shape, found: dict[str, Shape] | None = None) -> dict[str, Shape]:
    found = {} if found is None else found
    found[shape.name] = shape
    for member in shape.members.values():
        if member.shape is not None and member.shape.name not in found:
            all_shapes(member.shape, found)
    return found


def members(version: str) -> dict[str, str]:
    """`File.mode` -> `int?` of a version."""
    return {
        f"{shape.name}.{name}": notation(member)
        for shape in all_shapes(shapes.for_version(version)).values()
        for name, member in shape.members.items()
    }


def test_newest_version_has_the_types_of_the_reference_in_order() -> None:
    expected = dict(line.split(": ", 1) for line in NEWEST.strip().splitlines())
    found = {
        name: "; ".join(f"{key}: {notation(member)}" for key, member in shape.members.items())
        for name, shape in all_shapes(shapes.for_version(shapes.NEWEST)).items()
    }
    assert found == expected


@pytest.mark.parametrize("older", shapes.VERSIONS[:-1])
def test_changes_between_versions(older: str) -> None:
    newer = shapes.VERSIONS[shapes.VERSIONS.index(older) + 1]
    before, after = members(older), members(newer)
    changes = {f"-{name}" for name in after if name not in before}
    changes |= {f"{name}: {of}" for name, of in before.items() if after.get(name) != of}
    assert changes == DIFFERENCES[older]


def test_members_have_their_first_version() -> None:
    versions = [version for version in SCHEMAS if "-" not in version]
    for version, schema in SCHEMAS.items():
        for name, body in models.objects(schema).items():
            for key, member in body["properties"].items():
                first = next(v for v in SCHEMAS if f"{name}.{key}" in members(v))
                since = member.get("x-ignition-since", "3.0.0")
                replaced = name == "Resource" and first == "3.1.0" and since == "3.0.0"
                assert since == first or replaced, (version, name, key)
                assert since in versions


LISTS = """
IgnitionConfig.merge source
TLS.certificateAuthorities source
Resource.httpHeaders name
Proxy.noProxy itself
KernelArguments.shouldExist itself kernelArguments
KernelArguments.shouldNotExist itself kernelArguments
Passwd.groups name
Passwd.users name
PasswdUser.groups itself
PasswdUser.sshAuthorizedKeys itself
Storage.directories path nodes
Storage.files path nodes
Storage.links path nodes
Storage.disks device
Storage.filesystems device
Storage.luks name
Storage.raid name
Disk.partitions number|label
Raid.devices itself
Luks.openOptions itself
Clevis.tang url
Systemd.units name
Unit.dropins name
File.append appends
Filesystem.options appends
Filesystem.mountOptions appends
Raid.options appends
Luks.options appends
"""


def test_keys_of_each_list() -> None:
    found = set()
    for shape in all_shapes(shapes.for_version(shapes.NEWEST)).values():
        for name, member in shape.members.items():
            if member.kind == shapes.ARRAY:
                key = "appends" if member.appends else "|".join(member.key) or "itself"
                found.add(f"{shape.name}.{name} {key} {member.space}".strip())
    assert found == set(LISTS.strip().splitlines())


@pytest.mark.parametrize("version", SCHEMAS)
def test_schema_is_valid_and_self_contained(version: str) -> None:
    schema = SCHEMAS[version]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(f":{version}")
    assert schema["title"].endswith(f" {version}")
    assert schema["$defs"]["Ignition"]["properties"]["version"]["default"] == version
    used = set(all_shapes(shapes.for_version(version))) - {"Config"}
    assert used == set(schema["$defs"])
    for body in models.objects(schema).values():
        assert body["title"]
        assert all(member["description"] for member in body["properties"].values())


@pytest.mark.parametrize("version", SCHEMAS)
def test_accepted_configs_conform_to_the_schema(version: str) -> None:
    validator = Draft202012Validator(SCHEMAS[version])
    rng = Random(version)
    accepted = 0
    for round_ in range(300):
        tree = random_json.config(rng, version)
        if round_ % 2:
            tree = random_json.spoiled(rng, tree)
        result = check.check(random_json.text(tree).encode(), "test")
        if result.value is not None and result.version == version:
            accepted += 1
            assert validator.is_valid(result.value), next(validator.iter_errors(result.value))
    assert accepted > 150


def places(shape: Shape) -> Iterator[tuple[tuple[str | int, ...], Member]]:
    """The path of each member of a config, through the first item of each list."""
    for name, member in shape.members.items():
        yield (name,), member
        if member.shape is not None:
            step: tuple[str | int, ...] = (name, 0) if member.kind == shapes.ARRAY else (name,)
            for path, inner in places(member.shape):
                yield (*step, *path), inner


def nested(path: tuple[str | int, ...], value: Any) -> Any:
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [value]
    return value


@pytest.mark.parametrize("version", SCHEMAS)
def test_schema_and_decoder_reject_the_same_types(version: str) -> None:
    validator = Draft202012Validator(SCHEMAS[version])
    values: dict[str, Any] = {
        shapes.STRING: "",
        shapes.INTEGER: 5,
        shapes.BOOLEAN: True,
        shapes.OBJECT: {},
        shapes.ARRAY: [],
    }
    for path, member in places(shapes.for_version(version)):
        for kind, value in values.items():
            config = nested(path, value)
            by_schema = any(
                error.validator == "type" and tuple(error.absolute_path) == path
                for error in validator.iter_errors(config)
            )
            try:
                decode.decode(
                    document.parse(json.dumps(config).encode(), "t").root,
                    shapes.for_version(version),
                )
            except decode.TypeMismatch as error:
                assert error.path == path
                by_reader = True
            else:
                by_reader = False
            assert by_schema == by_reader == (kind != member.kind), (path, kind)


def test_unknown_keys_are_allowed() -> None:
    value = {"ignition": {"version": "3.6.0", "x": 1}, "y": {}}
    assert Draft202012Validator(SCHEMAS["3.6.0"]).is_valid(value)
