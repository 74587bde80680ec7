# SPDX-License-Identifier: Apache-2.0
"""Lint reports every failure of a first boot that follows from the config alone.

Each config is also applied by the phase that fails, on a target that has no other problem.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from ignition.acquisition.rendered import render
from ignition.base.codes import CODES
from ignition.base.errors import Failure, flatten
from ignition.base.log import Log
from ignition.base.settings import Settings
from ignition.config.model import Config
from ignition.engine import plan
from ignition.engine.context import PhaseContext
from ignition.lint.registry import RULES
from ignition.lint.run import lint
from ignition.resource.context import FetchContext
from tests.support.skeleton import furnish
from tests.support.target import (
    STAGES,
    Target,
    target,  # noqa: F401
)
from tests.unit.lint.lint_cases import codes, config, file, url

Sections = dict[str, Any]

AUTHORITY = "ignition/security/tls/certificateAuthorities/0"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0jFvZ0GqjgB7cQ5mV1uT4Y5m7Q3o0yq2Q0Jm0o2n3p x"
BROKEN_GZIP = {"compression": "gzip", "source": "data:,plain"}
WRONG_SUM = {"source": "data:,x", "verification": {"hash": f"sha256-{'0' * 64}"}}
NO_SUM = {"source": "data:,x", "verification": {"hash": f"sha256-{'x' * 64}"}}
PACKED = {"source": "s3://bucket/key", "compression": "gzip"}
NO_OBJECT = {"source": "arn:aws:s3:::bucket/"}
NO_HOST = {"source": "tftp:///file"}
NO_PORT = {"source": "http://host:99999/file"}
NO_OBJECT_NAME = {"source": "gs://bucket/"}
NO_VALUE = {"source": "http://host/file", "httpHeaders": [{"name": "Token"}]}
NO_CERTIFICATE = "data:,-----BEGIN%20X-----%0AAAAA%0A-----END%20X-----"
BAD_HEADER = {"source": "http://host/a", "httpHeaders": [{"name": "a b", "value": "c"}]}
CHILD = {"ignition": {"version": "3.4.0"}}
LINK = json.dumps({**CHILD, "storage": {"links": [{"path": "/a", "target": "/b"}]}})
KEYS = "/home/ada/.ssh/authorized_keys.d/ignition"


def storage(**lists: Any) -> Sections:
    return {"storage": lists}


def merged(resource: dict[str, Any]) -> Sections:
    return {"ignition": {"config": {"merge": [resource]}}}


def trusting(resource: dict[str, Any]) -> Sections:
    return {"ignition": {"security": {"tls": {"certificateAuthorities": [resource]}}}}


def passwd(*users: dict[str, Any], groups: tuple[dict[str, Any], ...] = ()) -> Sections:
    return {"passwd": {"users": list(users), "groups": list(groups)}}


def packed(text: bytes) -> dict[str, Any]:
    body = base64.b64encode(gzip.compress(text, 9)).decode()
    return {"compression": "gzip", "source": f"data:;base64,{body}"}


def nested(levels: int) -> Sections:
    inner: Sections = {}
    for _ in range(levels):
        inner = merged(packed(config("3.4.0", **inner)))
    return inner


def fanned(inner: Sections, times: int) -> Sections:
    """A config that references an inner config `times` times, each time with different text."""
    text = config("3.4.0", **inner)
    merge = [packed(text + b" " * number) for number in range(times)]
    return {"ignition": {"config": {"merge": merge}}}


def hard(path: str, to: str) -> dict[str, Any]:
    return {"path": path, "target": to, "hard": True}


ADA = {"name": "ada", "sshAuthorizedKeys": [KEY]}
UNIT = {
    "name": "a.service",
    "contents": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=a.target",
}
DROPIN = {"name": "a.service", "dropins": [{"name": "x.conf", "contents": "[Unit]\n"}]}
VOLUME = {"name": "v", "device": "/dev/vdb"}
DATA = {"path": "/srv/data", "device": "/dev/vdb", "format": "ext4"}

FETCH = {
    # Code of the boot, config -> code of lint, where.
    "not gzip": ("IGN4009", merged(BROKEN_GZIP), "IGN1877", "ignition/config/merge/0/compression"),
    "wrong sum": (
        "IGN4011",
        merged(WRONG_SUM),
        "IGN1876",
        "ignition/config/merge/0/verification/hash",
    ),
    "no sum": ("IGN4021", merged(NO_SUM), "IGN1996", "ignition/config/merge/0/verification/hash"),
    "no port": ("IGN4012", merged(NO_PORT), "IGN1993", "ignition/config/merge/0/source"),
    "bad header": (
        "IGN4040",
        merged(BAD_HEADER),
        "IGN1985",
        "ignition/config/merge/0/httpHeaders/0",
    ),
    "no value": ("IGN4015", merged(NO_VALUE), "IGN1986", "ignition/config/merge/0/httpHeaders/0"),
    "packed object": ("IGN4200", merged(PACKED), "IGN1994", "ignition/config/merge/0/compression"),
    "no object": ("IGN4201", merged(NO_OBJECT), "IGN1993", "ignition/config/merge/0/source"),
    "no host": ("IGN4220", merged(NO_HOST), "IGN1993", "ignition/config/merge/0/source"),
    "no name": (
        "IGN4240",
        merged(NO_OBJECT_NAME),
        "IGN1993",
        "ignition/config/merge/0/source",
    ),
    "authority, no PEM": (
        "IGN4018",
        trusting({"source": "data:,x"}),
        "IGN1992",
        f"{AUTHORITY}/source",
    ),
    "authority, no certificate": (
        "IGN4018",
        trusting({"source": NO_CERTIFICATE}),
        "IGN1992",
        f"{AUTHORITY}/source",
    ),
    "authority, not gzip": (
        "IGN4009",
        trusting(BROKEN_GZIP),
        "IGN1877",
        f"{AUTHORITY}/compression",
    ),
    "authority, wrong sum": (
        "IGN4011",
        trusting(WRONG_SUM),
        "IGN1876",
        f"{AUTHORITY}/verification/hash",
    ),
    "empty": ("IGN4102", merged({"source": "data:,"}), "IGN1001", "ignition/config/merge/0/source"),
    "together": (
        "IGN4105",
        {**merged({"source": url(LINK)}), **storage(directories=[{"path": "/a/c"}])},
        "IGN1997",
        "ignition/config/merge/0",
    ),
    "too large": (
        "IGN4008",
        merged(packed(b" " * (65 << 20))),
        "IGN1998",
        "ignition/config/merge/0/source",
    ),
    "too many": (
        "IGN4031",
        fanned(fanned({}, 64), 65),
        "IGN1998",
        "ignition/config/merge/63/source",
    ),
    "too deep": ("IGN4104", nested(66), "IGN1998", "ignition/config/merge/0/source"),
}

FILES = {
    "file below a file": (
        "IGN3003",
        storage(files=[file("/opt/a", "x"), file("/opt/a/b", "x")]),
        "IGN1988",
        "storage/files/1/path",
    ),
    "folder below a file": (
        "IGN3003",
        storage(files=[file("/opt/a", "x")], directories=[{"path": "/opt/a/b/c"}]),
        "IGN1988",
        "storage/directories/0/path",
    ),
    "link below a file": (
        "IGN3003",
        storage(files=[file("/opt/a", "x")], links=[{"path": "/opt/a/b", "target": "c"}]),
        "IGN1988",
        "storage/links/0/path",
    ),
    "unit below a file": (
        "IGN3003",
        {**storage(files=[file("/etc/systemd/system", "x")]), "systemd": {"units": [UNIT]}},
        "IGN1988",
        "systemd/units/0/name",
    ),
    "mask below a file": (
        "IGN3003",
        {
            **storage(files=[file("/etc/systemd", "x")]),
            "systemd": {"units": [{"name": "a.service", "mask": True}]},
        },
        "IGN1988",
        "systemd/units/0/name",
    ),
    "drop-in below a file": (
        "IGN3003",
        {
            **storage(files=[file("/etc/systemd/system/a.service.d", "x")]),
            "systemd": {"units": [DROPIN]},
        },
        "IGN1988",
        "systemd/units/0/dropins/0/name",
    ),
    "preset below a file": (
        "IGN3003",
        {
            **storage(files=[file("/etc/systemd/system-preset", "x")]),
            "systemd": {"units": [{**UNIT, "enabled": True}]},
        },
        "IGN1988",
        "systemd/units/0/enabled",
    ),
    "file in the place of keys": (
        "IGN3103",
        {**storage(files=[file(KEYS, "x")]), **passwd(ADA)},
        "IGN1988",
        "storage/files/0/path",
    ),
    "folder in the place of keys": (
        "IGN3105",
        {**storage(directories=[{"path": KEYS}]), **passwd(ADA)},
        "IGN1988",
        "storage/directories/0/path",
    ),
    "file in the place of a home": (
        "IGN3104",
        {**storage(files=[file("/home/ada", "x")]), **passwd({"name": "ada"})},
        "IGN1988",
        "storage/files/0/path",
    ),
    "link in the place of a home": (
        "IGN3107",
        {**storage(links=[{"path": "/home/ada", "target": "/x"}]), **passwd({"name": "ada"})},
        "IGN1988",
        "storage/links/0/path",
    ),
    "file in the place of a mount": (
        "IGN3104",
        storage(files=[file("/srv/data", "x")], filesystems=[DATA]),
        "IGN1988",
        "storage/files/0/path",
    ),
    "file above a mount": (
        "IGN3104",
        storage(files=[file("/srv", "x")], filesystems=[DATA]),
        "IGN1988",
        "storage/files/0/path",
    ),
    "folder that replaces a mount": (
        "IGN3009",
        storage(directories=[{"path": "/srv/data", "overwrite": True}], filesystems=[DATA]),
        "IGN1989",
        "storage/directories/0/overwrite",
    ),
    "file that replaces a mount": (
        "IGN3009",
        storage(files=[file("/srv/data", "x", overwrite=True)], filesystems=[DATA]),
        "IGN1989",
        "storage/files/0/overwrite",
    ),
    "hard link to itself": (
        "IGN3109",
        storage(links=[hard("/a", "/a")]),
        "IGN1999",
        "storage/links/0/target",
    ),
    "hard links in a circle": (
        "IGN3109",
        storage(links=[hard("/a", "/b"), hard("/b", "/a")]),
        "IGN1999",
        "storage/links/0/target",
    ),
    "hard link to below a file": (
        "IGN3109",
        storage(files=[file("/opt/a", "x")], links=[hard("/b", "/opt/a/c")]),
        "IGN1999",
        "storage/links/0/target",
    ),
    "hard link to a folder": (
        "IGN3120",
        storage(directories=[{"path": "/srv"}], links=[hard("/b", "srv")]),
        "IGN1999",
        "storage/links/0/target",
    ),
    "hard link to the root": (
        "IGN3120",
        storage(links=[hard("/b", "/")]),
        "IGN1999",
        "storage/links/0/target",
    ),
    "file at the root": (
        "IGN3104",
        storage(files=[file("/", "x")]),
        "IGN1988",
        "storage/files/0/path",
    ),
    "link at the root": (
        "IGN3107",
        storage(links=[{"path": "/", "target": "x"}]),
        "IGN1988",
        "storage/links/0/path",
    ),
    "root that is replaced": (
        "IGN3009",
        storage(directories=[{"path": "/", "overwrite": True}]),
        "IGN1989",
        "storage/directories/0/overwrite",
    ),
    "hard link over a mount": (
        "IGN3008",
        storage(
            files=[file("/srv/data/a", "x")], filesystems=[DATA], links=[hard("/b", "/srv/data/a")]
        ),
        "IGN1999",
        "storage/links/0/target",
    ),
    "result of no boot": (
        "IGN3503",
        storage(files=[file("/etc/.ignition-result.json", "x")]),
        "IGN1988",
        "storage/files/0/path",
    ),
    "not gzip": (
        "IGN4009",
        storage(files=[{"path": "/a", "contents": BROKEN_GZIP}]),
        "IGN1877",
        "storage/files/0/contents/compression",
    ),
    "wrong sum, appended": (
        "IGN4011",
        storage(files=[{"path": "/a", "append": [WRONG_SUM]}]),
        "IGN1876",
        "storage/files/0/append/0/verification/hash",
    ),
    "no sum": (
        "IGN1996",
        storage(files=[{"path": "/a", "contents": NO_SUM}]),
        "IGN1996",
        "storage/files/0/contents/verification/hash",
    ),
    "no host": (
        "IGN1993",
        storage(files=[{"path": "/a", "contents": NO_HOST}]),
        "IGN1993",
        "storage/files/0/contents/source",
    ),
    "packed object": (
        "IGN1994",
        storage(files=[{"path": "/a", "append": [PACKED]}]),
        "IGN1994",
        "storage/files/0/append/0/compression",
    ),
    "bad header": (
        "IGN1985",
        storage(files=[{"path": "/a", "contents": BAD_HEADER}]),
        "IGN1985",
        "storage/files/0/contents/httpHeaders/0",
    ),
    "no value": (
        "IGN1986",
        storage(files=[{"path": "/a", "contents": NO_VALUE}]),
        "IGN1986",
        "storage/files/0/contents/httpHeaders/0",
    ),
    "key of a volume": (
        "IGN3504",
        storage(luks=[VOLUME], files=[file("/etc/luks/v", "x", mode=0o600)]),
        "IGN1980",
        "storage/files/0/path",
    ),
    "list of volumes": (
        "IGN3402",
        storage(luks=[VOLUME], links=[{"path": "/etc/crypttab", "target": "/a"}]),
        "IGN1980",
        "storage/links/0/path",
    ),
    "owner who is deleted": (
        "IGN3102",
        {
            **storage(files=[file("/a", "x", user={"name": "core"})]),
            **passwd({"name": "core", "shouldExist": False}),
        },
        "IGN1995",
        "storage/files/0/user/name",
    ),
    "group that is deleted": (
        "IGN3102",
        {
            **storage(directories=[{"path": "/a", "group": {"name": "docker"}}]),
            **passwd(groups=({"name": "docker", "shouldExist": False},)),
        },
        "IGN1995",
        "storage/directories/0/group/name",
    ),
    "no name": ("IGN3203", passwd({"name": ""}), "IGN1975", "passwd/users/0/name"),
    "same number": (
        "IGN3210",
        passwd({"name": "a", "uid": 2000}, {"name": "b", "uid": 2000}),
        "IGN1861",
        "passwd/users/1/uid",
    ),
    "no such group": (
        "IGN3211",
        passwd({"name": "ada", "groups": ["old"]}, groups=({"name": "old", "shouldExist": False},)),
        "IGN1979",
        "passwd/users/0/groups/0",
    ),
    "group of the same name": (
        "IGN3212",
        passwd({"name": "dev"}, groups=({"name": "dev"},)),
        "IGN1977",
        "passwd/users/0/name",
    ),
    "no home": (
        "IGN3213",
        passwd({**ADA, "noCreateHome": True}),
        "IGN1978",
        "passwd/users/0/sshAuthorizedKeys",
    ),
    "NUL": ("IGN1968", storage(files=[file("/a\0", "x")]), "IGN1968", "storage/files/0/path"),
    "line break": (
        "IGN1969",
        passwd({"name": "a", "gecos": "a\nb"}),
        "IGN1969",
        "passwd/users/0/gecos",
    ),
    "no number": (
        "IGN1971",
        storage(files=[file("/a", "x", user={"id": -5})]),
        "IGN1971",
        "storage/files/0/user/id",
    ),
    "too long": (
        "IGN1973",
        storage(files=[file("/" + "n" * 256, "x")]),
        "IGN1973",
        "storage/files/0/path",
    ),
    "no slash": (
        "IGN1974",
        passwd({"name": "a", "homeDir": "x"}),
        "IGN1974",
        "passwd/users/0/homeDir",
    ),
}

DISKS = {
    "hyphen": (
        "IGN1970",
        storage(raid=[{"name": "-a", "level": "raid1", "devices": ["/dev/vdb"]}]),
        "IGN1970",
        "storage/raid/0/name",
    ),
    "too few devices": (
        "IGN2115",
        storage(raid=[{"name": "a", "level": "raid6", "devices": ["/dev/vdb", "/dev/vdc"]}]),
        "IGN1962",
        "storage/raid/0/devices",
    ),
    "partitions of a volume": (
        "IGN2119",
        storage(disks=[{"device": "/dev/mapper/v"}], luks=[VOLUME]),
        "IGN1828",
        "storage/disks/0/device",
    ),
}

# These are refused when the disk is there to be looked at: see tests/machine.
ON_DISKS = {
    "partition that no table holds": (
        "IGN2111",
        storage(disks=[{"device": "/dev/vdb", "partitions": [{"number": -1, "label": "a"}]}]),
        "IGN1961",
        "storage/disks/0/partitions/0/number",
    ),
}
TABLES = (FETCH, FILES, DISKS, ON_DISKS)

# Findings that are no errors: why a boot may all the same end well.
NOT_CERTAIN = {
    "IGN1979": "the image may bring the group",
    "IGN1986": "the config may be merged into one that has the header",
}

_DEPENDS = {
    "what the disks hold, how large they are, who uses them": """
        2001 2002 2003 2004 2005 2101 2102 2103 2104 2105 2106 2107 2108 2109 2110 2112 2113 2114 2116
        2117 2118 2201 2204 2202 2302 2303 2305 2310 2401 2402 2405
        2406 2501 2502 2503 2504
    """,
    "whether udev answers": "2120",
    "what is in the initramfs": "2203 2301 2306 2404 3401 4019",
    "Tang servers, the TPM, the crypto card": "2307 2308 2309 2311 2312",
    "what lies on the target": """
        3000 3001 3002 3004 3005 3006 3101 3106 3108 3204 3214 3301 3403 3404 3405 3406 3407
    """,
    "what the tools of the target say": "2601 3201 3202",
    "servers and the network": """
        4003 4004 4005 4006 4007 4013 4014 4017 4022 4023 4024 4030 4202 4203 4204 4205 4206 4221 4222 4223
        2304
    """,
    "what else is served: a data URL cannot hold itself": "4103",
    "files of the engine in /run, /proc": "3501 3505 3502 4110 4121 4122 4123",
    "nothing: such a config is refused when it is read": "2403 3007 4001 4010 4016 4101",
}
DEPENDS_ON = {f"IGN{code}": why for why, codes_ in _DEPENDS.items() for code in codes_.split()}
"""What a failure depends on besides the config -> codes."""


@pytest.mark.parametrize("table", TABLES, ids=["fetch", "files", "disks", "on disks"])
def test_lint_reports_the_finding_at_its_location(
    table: dict[str, tuple[str, Sections, str, str]],
) -> None:
    for name, (_, sections, code, where) in table.items():
        found = lint(config("3.4.0", **sections), "test.ign")
        places = {one.code: one.origin.pointer for one in reversed(found)}
        assert places.get(code) == f"/{where}", name
        severity = next(one.severity for one in found if one.code == code)
        assert severity == ("warning" if code in NOT_CERTAIN else "error"), name


@pytest.mark.parametrize("name", FETCH)
def test_fetch_refuses(name: str) -> None:
    code, sections, _, _ = FETCH[name]
    settings = Settings()
    settings.wait_fetch = 5
    with pytest.raises(Failure) as caught:
        render(
            config("3.4.0", **sections), "test.ign", FetchContext(settings, Log(lambda *_: None))
        )
    assert caught.value.code == code


@pytest.fixture
def machine(target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:  # noqa: F811
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    target.settings.selinux_relabel = False
    return furnish(target)


def refusals(act: Callable[[], object]) -> list[str]:
    with pytest.raises(Failure) as caught:
        act()
    return [one.code for one in flatten(caught.value)]


@pytest.mark.parametrize("name", FILES)
def test_files_phase_refuses(machine: Target, name: str) -> None:
    code, sections, _, _ = FILES[name]
    mounts = [item["path"] for item in sections.get("storage", {}).get("filesystems", ())]
    for mount in mounts:
        subprocess.run(["mount", "-t", "tmpfs", "none", machine.folder(mount)], check=True)
    try:
        assert code in refusals(lambda: machine.run(sections, *STAGES))
    finally:
        for mount in mounts:
            subprocess.run(["umount", machine.at(mount)], check=True)


@pytest.mark.parametrize("name", DISKS)
def test_disks_phase_refuses(machine: Target, name: str) -> None:
    code, sections, _, _ = DISKS[name]
    assert code in refusals(lambda: disks(machine, sections))


def disks(machine: Target, sections: Sections) -> None:
    from ignition.engine import soundness
    from ignition.stages import luks, partitions, raid

    log = Log(lambda *_: None)
    known = PhaseContext(
        machine.settings,
        log,
        machine.state,
        {"": ["test.ign", ""]},
    )
    soundness.check(Config(sections), known)
    machine.settings.wait_device = 1
    stages = [("", each.plan) for each in (partitions, raid, luks)]
    plan.build(stages, Config(sections), known)


def test_every_failure_code_has_a_lint_finding_or_depends_on_the_machine() -> None:
    shown = {case[0] for table in TABLES for case in table.values()}
    of_boots = {code for code in CODES if code[3] in "234"}
    assert of_boots - shown - set(DEPENDS_ON) == set()
    assert set(DEPENDS_ON) - of_boots == set()
    assert shown & set(DEPENDS_ON) == set()
    assert {code for code in shown if code not in CODES} <= set(RULES)


def test_every_value_rule_of_the_phases_is_in_the_table() -> None:
    from ignition.config.rules import fetches, headers, values
    from ignition.config.rules.rule import Rule

    rules = {
        rule.code
        for module in (fetches, headers, values)
        for rule in vars(module).values()
        if isinstance(rule, Rule) and rule.severity == "error"
    }
    assert rules == {
        case[0] for table in (FILES, DISKS) for case in table.values() if case[0] in RULES
    }


# What is no fault


@pytest.mark.parametrize(
    "sections",
    [
        storage(files=[file("/opt/ab", "x"), file("/opt/a/b", "x")]),
        storage(directories=[{"path": "/opt/a"}], files=[file("/opt/a/b", "x")]),
        storage(
            directories=[{"path": "/srv/data"}, {"path": "/srv"}],
            filesystems=[{**DATA, "format": "swap"}],
        ),
        storage(files=[file("/b", "x")], links=[hard("/c", "/a"), hard("/a", "/b")]),
        storage(links=[hard("/a", "/usr/lib/os-release")]),
        {**storage(files=[file("/home/ada/.bashrc", "x")]), **passwd({"name": "ada"})},
        merged({"source": "https://host/a", "verification": {"hash": f"sha512-{'a' * 128}"}}),
        trusting({"source": "data:,"}),
        {
            **storage(files=[file("/a", "x", group={"name": "dev"}, user={"name": "ada"})]),
            **passwd({"name": "dev"}, groups=({"name": "dev", "shouldExist": False},)),
        },
        merged({"source": url(json.dumps(CHILD))}),
        storage(files=[file("/etc/.ignition-result.json", "{}")]),
    ],
)
def test_valid_configs_have_no_findings(sections: Sections) -> None:
    found = codes("3.4.0", **sections)
    assert [one for one in found if one[:6] in ("IGN198", "IGN199")] == []


def test_configs_nested_up_to_the_limit_of_the_engine() -> None:
    sections = nested(64)
    assert not [one for one in codes("3.4.0", **sections) if one.startswith("IGN1998")]
    render(config("3.4.0", **sections), "test.ign", FetchContext(Settings(), Log(lambda *_: None)))


# Links that systemd takes back

WANTS = "/etc/systemd/system/multi-user.target.wants"


def wanted(name: str, *files: dict[str, Any], **sections: Any) -> list[str]:
    link = {"path": f"{WANTS}/{name}", "target": f"../{name}"}
    return [
        one
        for one in codes("3.4.0", storage={"files": list(files), "links": [link]}, **sections)
        if one.startswith("IGN1991")
    ]


def unit_file(
    name: str, install: str = "[Install]\nWantedBy=multi-user.target\n"
) -> dict[str, Any]:
    return file(f"/etc/systemd/system/{name}", f"[Service]\nExecStart=/bin/true\n{install}")


def test_enablement_link_without_preset() -> None:
    assert wanted("off.service", unit_file("off.service")) == ["IGN1991 /storage/links/0/path"]
    assert wanted("off@1.service", unit_file("off@.service")) == ["IGN1991 /storage/links/0/path"]
    text = {"systemd": {"units": [{**UNIT, "name": "off.service"}]}}
    assert wanted("off.service", **text) == ["IGN1991 /storage/links/0/path"]


@pytest.mark.parametrize(
    "sections",
    [
        {"systemd": {"units": [{"name": "off.service", "enabled": True}]}},
        {"files": ["/etc/systemd/system-preset/10-own.preset", "enable off.*\n"]},
        {"files": ["/usr/lib/systemd/system-preset/10-own.preset", "  enable off.service\n"]},
    ],
)
def test_enablement_link_with_preset(sections: dict[str, Any]) -> None:
    more = [file(*sections.pop("files"))] if "files" in sections else []
    assert wanted("off.service", unit_file("off.service"), *more, **sections) == []


def test_links_that_presets_do_not_remove() -> None:
    assert wanted("off.service", unit_file("off.service", "")) == [], "no [Install] section"
    assert wanted("of-the-image.service") == []
