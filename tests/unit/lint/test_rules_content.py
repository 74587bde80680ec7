# SPDX-License-Identifier: Apache-2.0
"""Lint rules for accounts, sources, secrets, sizes and file syntax."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import pytest

from tests.unit.lint.lint_cases import (
    codes,
    config,
    file,
    linted,
    of_file,
    of_storage,
    of_user,
    url,
    zipped,
)

SHA512 = "sha512-" + hashlib.sha512(b"hello").hexdigest()


def test_uid_and_gid_are_unique_in_a_config() -> None:
    ada, bob = {"name": "ada", "uid": 1001}, {"name": "bob", "uid": 1001}
    assert codes(passwd={"users": [ada, bob]}) == ["IGN1861 /passwd/users/1/uid"]
    assert codes(passwd={"users": [ada, {**bob, "uid": 1002}]}) == []
    assert codes(passwd={"users": [ada, {**bob, "shouldExist": False}]}) == []
    groups = [{"name": "a", "gid": 7}, {"name": "b", "gid": 7}]
    assert codes(passwd={"groups": groups}) == ["IGN1862 /passwd/groups/1/gid"]


@pytest.mark.parametrize(
    "value",
    [
        "$6$salt$" + "a" * 86, "$y$j9T$abc$def", "$2b$12$abcdefghijklmnopqrstuv", "*", "!", "!!", "",
        "!$6$salt$abc", "ab01FAX.bQRSU",
    ],
)  # fmt: skip
def test_password_hash(value: str) -> None:
    assert of_user(passwordHash=value) == []


@pytest.mark.parametrize("value", ["hunter2", "correct horse battery", "$6$salt", "{SSHA}abc"])
def test_invalid_password_hash(value: str) -> None:
    assert of_user(passwordHash=value) == ["IGN1863 passwordHash"]
    found = linted(passwd={"users": [{"name": "ada", "passwordHash": value}]})
    assert value not in found[0].message + found[0].hint
    assert found[0].secret


@pytest.mark.parametrize(
    "key",
    [
        "ssh-ed25519 AAAAC3Nz ada@example",
        "ssh-rsa AAAAB3Nz",
        "ecdsa-sha2-nistp256 AAAAE2Vj",
        "sk-ssh-ed25519@openssh.com AAAAGnNr",
        "ssh-rsa-cert-v01@openssh.com AAAA",
        'command="/bin/true",no-pty ssh-ed25519 AAAAC3Nz',
        "# a comment\nssh-ed25519 AAAAC3Nz\n\n",
    ],
)
def test_authorized_key(key: str) -> None:
    assert of_user(sshAuthorizedKeys=[key]) == []


@pytest.mark.parametrize(
    "key",
    [
        "/home/ada/.ssh/id_ed25519.pub",
        "SHA256:abcdef",
        "AAAAC3NzaC1lZDI1NTE5",
        "ssh-ed25519",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    ],
)
def test_invalid_authorized_key(key: str) -> None:
    assert of_user(sshAuthorizedKeys=[key]) == ["IGN1864 sshAuthorizedKeys/0"]


def of_source(source: str, **members: Any) -> list[str]:
    found = of_storage(files=[{"path": "/etc/x", "contents": {"source": source, **members}}])
    return [line.replace("files/0/contents/", "") for line in found]


@pytest.mark.parametrize(
    ("source", "without_hash", "with_hash"),
    [
        ("https://server/x", ["IGN1871 source"], []),
        ("s3://bucket/x", ["IGN1871 source"], []),
        ("gs://bucket/x", ["IGN1871 source"], []),
        ("http://server/x", ["IGN1872 source"], []),
        ("tftp://server/x", ["IGN1872 source"], []),
        ("https://ada:secret@server/x", ["IGN1871 source", "IGN1874 source"], ["IGN1874 source"]),
        ("https://ada@server/x", ["IGN1871 source"], []),
    ],
)
def test_remote_source(source: str, without_hash: list[str], with_hash: list[str]) -> None:
    assert of_source(source) == without_hash
    assert of_source(source, verification={"hash": SHA512}) == with_hash


def test_severity_of_missing_verification() -> None:
    for source, severity in (("https://a/x", "info"), ("http://a/x", "warning")):
        found = linted(storage={"files": [{"path": "/x", "contents": {"source": source}}]})
        assert [each.severity for each in found] == [severity]


@pytest.mark.parametrize(
    "place",
    [
        {"config": {"merge": [{"source": "http://a/x"}]}},
        {"config": {"replace": {"source": "http://a/x"}}},
        {"security": {"tls": {"certificateAuthorities": [{"source": "http://a/x"}]}}},
    ],
)
def test_every_kind_of_source_is_checked(place: dict[str, Any]) -> None:
    assert [line.split()[0] for line in codes(ignition=place)] == ["IGN1872"]


def test_key_of_a_volume_over_plain_http() -> None:
    key = {"source": "http://a/key", "verification": {"hash": SHA512}}
    luks = {"name": "a", "device": "/dev/vdb", "keyFile": key}
    assert of_storage(luks=[luks]) == ["IGN1873 luks/0/keyFile/source"]
    luks["keyFile"] = {**key, "source": "https://a/key"}
    assert of_storage(luks=[luks]) == []


def test_empty_key_file() -> None:
    luks = {"name": "a", "device": "/dev/vdb", "keyFile": {"source": "data:,"}}
    assert "IGN1981 luks/0/keyFile/source" in of_storage(luks=[luks])
    assert of_storage(luks=[{**luks, "keyFile": {"source": ""}}]) == []
    packed = of_storage(luks=[{**luks, "keyFile": zipped("")}])
    assert "IGN1981 luks/0/keyFile/source" in packed


def test_replace_discards_the_rest_of_the_config() -> None:
    replace = {"config": {"replace": {"source": url(config().decode())}}}
    assert codes(ignition=replace, storage={"files": [file("/etc/x")]}) == [
        "IGN1875 /ignition/config/replace/source"
    ]
    assert codes(ignition=replace, storage={"files": []}) == []


def test_hash_of_inline_content() -> None:
    assert of_source(url("hello"), verification={"hash": SHA512}) == []
    assert (
        of_source(url("hello"), verification={"hash": SHA512.upper().replace("SHA512", "sha512")})
        == []
    )
    assert of_source(url("hullo"), verification={"hash": SHA512}) == ["IGN1876 verification/hash"]
    sha256 = "sha256-" + hashlib.sha256(b"hello").hexdigest()
    assert (
        of_source(zipped("hello")["source"], compression="gzip", verification={"hash": sha256})
        == []
    )


def test_compressed_inline_content() -> None:
    good = zipped("hello")["source"]
    assert of_source(good, compression="gzip") == []
    assert of_source(url("hello"), compression="gzip") == ["IGN1877 compression"]
    assert of_source(good[:-12], compression="gzip") == ["IGN1877 compression"]
    assert of_source(url(""), compression="gzip") == ["IGN1877 compression"]
    assert of_source(good) == ["IGN1878 source"]
    assert of_file("/opt/x.gz") == []


KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n"  # gitleaks:allow
SECRETS = {
    "openssh": KEY,
    "pkcs8 in json": '{"key": "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0\\n"}',
    "aws": "key = AKIA" + "Q" * 16,
    "pgp": "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----\n",
    "aws, temporary": "key = ASIA" + "Q" * 16,
    **{f"github, {kind}": f"token: gh{kind}_" + "a1" * 18 for kind in "pousr"},
    "github, fine-grained": "github_pat" + "_" + "a1" * 20,
    "gitlab": "glpat-" + "x1" * 10,
    "slack": "xox" + "b-123456789-" + "x1" * 6,
    "google": "AIza" + "x" * 35,
    "stripe": "sk_live" + "_" + "x1" * 10,
    "npm": "npm" + "_" + "x1" * 18,
    "wireguard": "[Interface]\nPrivateKey = " + "a" * 43 + "=\n",
    "wireguard, shared": "PresharedKey=" + "a" * 43 + "=\n",
    "registry": '{"auths": {"x": {"auth": "YWRhOnNlY3JldA=="}}}',
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_secret_in_a_file(text: str) -> None:
    assert of_file("/etc/x", text) == ["IGN1881 contents/source"]
    assert of_file("/etc/x", text, mode=0o644) == ["IGN1881 contents/source"]
    assert of_file("/etc/x", text, mode=0o600) == ["IGN1882 contents/source"]
    assert of_storage(files=[{"path": "/etc/x", "contents": zipped(text)}]) == [
        "IGN1881 files/0/contents/source"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkqhkiG9w0BBQ0\n",
        "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n",
        "grep 'BEGIN PRIVATE KEY' file",
        "AKIAIOSFODNN7EXAMPLE",
        "PublicKey = " + "a" * 43 + "=",
        '{"auth": "required"}',
    ],
)
def test_strings_that_only_look_like_secrets(text: str) -> None:
    assert of_file("/etc/x", text) == []


def test_secret_in_a_unit_is_located_but_not_shown() -> None:
    unit = {
        "name": "a.service",
        "contents": "[Service]\nExecStart=/x\nEnvironment=T=ghp_" + "a1" * 18,
    }
    (found,) = linted(systemd={"units": [unit]})
    assert found.code == "IGN1881"
    assert found.inner is not None
    assert (found.inner.line, found.inner.column) == (3, 15)
    assert "a1a1" not in found.message + found.hint
    assert found.secret


def test_key_of_a_volume_in_the_config() -> None:
    luks = {"name": "a", "device": "/dev/vdb", "keyFile": {"source": url("geheim")}}
    assert of_storage(luks=[luks]) == ["IGN1882 luks/0/keyFile/source"]


@pytest.mark.parametrize(
    ("platform", "limit"),
    [
        ("aws", 16 << 10),
        ("ec2", 16 << 10),
        ("gcp", 256 << 10),
        ("azure", 65535),
        ("openstack", 49149),
    ],
)
def test_user_data_limit_of_platforms(platform: str, limit: int) -> None:
    def sized(size: int) -> list[str]:
        bare = len(config(x=""))
        sections = {"x": "a" * (size - bare)}
        assert len(config(**sections)) == size
        return [
            each.code for each in linted(platform=platform, **sections) if each.code != "IGN1006"
        ]

    assert sized(limit) == []
    assert sized(limit + 3) == ["IGN1891"]


def test_no_size_limit_without_a_platform() -> None:
    storage = {"files": [file("/etc/x", "a" * 300_000)]}
    assert linted(storage=storage) == []
    assert linted(platform="qemu", storage=storage) == []


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/etc/a.json", '{"a": [1, 2]}\n', []),
        ("/etc/a.json", '{"a": [1,\n x]}\n', ["IGN1952 2:2"]),
        ("/etc/a.json", "", []),
        ("/etc/a.json", "{", ["IGN1952 1:1"]),
        ("/etc/a.txt", "{", []),
        ("/etc/a.toml", 'a = "b"\n[t]\nc = 1\n', []),
        ("/etc/a.toml", "x = 1\na = b\n", ["IGN1953 2:5"]),
        ("/etc/a.yaml", "a: !tag b\n---\n- 1\n", []),
        ("/etc/a.yaml", "a: b\n\tc: d\n", ["IGN1954 2:1"]),
        ("/etc/a.yml", "a: [1\n", ["IGN1954 1:6"]),
        ("/etc/sysctl.d/10-x.conf", "# c\n\nnet.ipv4.ip_forward = 1\n-a.b\nvm/x=1\n", []),
        ("/etc/sysctl.d/10-x.conf", "kernel.x=1\n  kernel.printk 4\n", ["IGN1951 2:3"]),
        ("/etc/sysctl.conf", "what\n", ["IGN1951 1:1"]),
        ("/etc/sysctl.d/10-x", "kernel.x=1\n", ["IGN1955 path"]),
        ("/etc/modules-load.d/x.txt", "nf_nat\n", ["IGN1955 path"]),
        ("/etc/tmpfiles.d/x.conf", "d /x\n", []),
    ],
)
def test_syntax_of_files_by_suffix(path: str, body: str, said: list[str]) -> None:
    assert of_file(path, body) == said


def test_binary_contents_are_not_parsed() -> None:
    assert of_file("/etc/a.json", b"\x00\x01\xff") == []


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        (
            "web.container",
            "[Container]\nImage=x\nNetwork=host\n[Install]\nWantedBy=default.target\n",
            [],
        ),
        ("web.container", "[Service]\nRestart=always\n", ["IGN1941 1:1"]),
        ("web.container", "[Container]\nExec=x\n", ["IGN1942 1:1"]),
        ("web.container", "[Container]\nRootfs=/x\n", []),
        ("web.container", "[Container]\nImage=x\nNetwork=web.network\n", ["IGN1943 3:9"]),
        ("web.container", "[Container]\nImage=x\nVolume=web.volume:/data:Z\n", ["IGN1943 3:8"]),
        ("web.container", "[Container]\nImage=x\nVolume=/srv/x.volume:/data\n", []),
        ("web.container", "[Container]\nImage=x\nPublisPort=80:80\n", ["IGN1944 3:1"]),
        ("web.container", "[Container]\nImage=x\nNewerThanThis=80:80\n", []),
        ("web.container", "[Container]\nImage=x\noops\n", ["IGN1945 3:1"]),
        ("data.volume", "[Volume]\n", []),
        ("data.volume", "", ["IGN1941 1:1"]),
        ("web.network", "[Network]\nSubnet=10.0.0.0/24\n", []),
        ("web.kube", "[Kube]\n", ["IGN1942 1:1"]),
    ],
)
def test_quadlet(name: str, body: str, said: list[str]) -> None:
    assert of_file(f"/etc/containers/systemd/{name}", body) == said


def test_quadlet_that_references_another_one() -> None:
    folder = "/etc/containers/systemd"
    files = [
        file(f"{folder}/web.container", "[Container]\nImage=x\nNetwork=web.network\n"),
        file(f"{folder}/web.network", "[Network]\n"),
    ]
    assert of_storage(files=files) == []


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"name": "X-A", "value": "b"}, []),
        ({"name": "x!#$%&'*+-.^_`|~1", "value": " \u00fc\tb "}, []),
        ({"name": "X A", "value": "b"}, ["error IGN1985"]),
        ({"name": "X:", "value": "b"}, ["error IGN1985"]),
        ({"name": "X-A", "value": "secret\n"}, ["error IGN1985"]),
        ({"name": "X-A", "value": "secret\0"}, ["error IGN1985"]),
        ({"name": "X-A"}, ["warning IGN1986"]),
    ],
)
def test_headers(header: dict[str, str], said: list[str]) -> None:
    resource = {
        "source": "https://example.com/a",
        "httpHeaders": [header],
        "verification": {"hash": SHA512},
    }
    places: list[dict[str, Any]] = [
        {"ignition": {"version": "3.4.0", "config": {"merge": [resource]}}},
        {"ignition": {"version": "3.4.0", "config": {"replace": resource}}},
        {
            "ignition": {
                "version": "3.4.0",
                "security": {"tls": {"certificateAuthorities": [resource]}},
            }
        },
        {"storage": {"files": [{"path": "/opt/a", "contents": resource}]}},
        {"storage": {"files": [{"path": "/opt/a", "append": [resource]}]}},
        {"storage": {"luks": [{"name": "a", "device": "/dev/vdb", "keyFile": resource}]}},
    ]
    for place in places:
        found = [each for each in linted(**place) if each.code in ("IGN1985", "IGN1986")]
        assert [f"{each.severity} {each.code}" for each in found] == said, place
        assert not any("secret" in each.message for each in found)


def test_missing_pyyaml_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    files = [file(f"/opt/{name}", "a:\n\tb") for name in ("a.yaml", "b.yml", "c.txt")]
    found = linted(storage={"files": files})
    assert [(each.code, each.severity) for each in found] == [("IGN1987", "info")]
