# SPDX-License-Identifier: Apache-2.0
"""Reading and deleting the config in VMware guestinfo variables."""

from __future__ import annotations

import base64
import gzip
import os
from collections.abc import Callable
from typing import Any

import pytest

from ignition.base.errors import Failure, NeedNetwork, NoProvider
from ignition.providers import vmware
from ignition.system.vmware.guestinfo import Guestinfo
from ignition.testbed.httpserver import HttpServer
from tests.support.vmware import Hypervisor, Refusal
from tests.unit.providers.clouds import run

Machine = Any

CONFIG = b'{"ignition": {"version": "3.4.0"}}'
DATA, ENCODING = "ignition.config.data", "ignition.config.data.encoding"
BASE64 = base64.b64encode(CONFIG)
GZIP = gzip.compress(CONFIG, mtime=0)


def environment(**properties: str) -> bytes:
    """An OVF environment. Underscores in a property name become dots."""
    lines = "".join(
        f'<Property oe:key="guestinfo.{key.replace("_", ".")}" oe:value="{value}"/>'
        for key, value in properties.items()
    )
    namespace = "http://schemas.dmtf.org/ovf/environment/1"
    return (
        f'<Environment xmlns="{namespace}" xmlns:oe="{namespace}"><PropertySection>{lines}'
        "</PropertySection></Environment>"
    ).encode()


def config(machine: Machine, variables: dict[str, bytes], *, offline: bool = False) -> bytes:
    ctx = machine.context(offline=offline)
    return vmware.read_config(ctx, Guestinfo(ctx.log, [("test", Hypervisor(variables).answer)]))


def erase(machine: Machine, host: Hypervisor) -> bool:
    ctx = machine.context()
    return vmware.erase_config(ctx, Guestinfo(ctx.log, [("test", host.answer)]))


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", CONFIG),
        ("b64", BASE64),
        ("base64", BASE64[:20] + b"\r\n" + BASE64[20:] + b"\n"),
        ("gz", GZIP),
        ("gzip", GZIP + gzip.compress(b"", mtime=0)),
        ("gz+b64", base64.b64encode(GZIP)),
        ("gz+base64", base64.b64encode(GZIP)),
        ("gzip+b64", base64.b64encode(GZIP)),
        ("gzip+base64", base64.encodebytes(GZIP)),
    ],
)
def test_encodings(encoding: str, data: bytes, machine: Machine) -> None:
    assert config(machine, {DATA: data, ENCODING: encoding.encode()}) == CONFIG


@pytest.mark.parametrize(
    ("encoding", "data", "code"),
    [
        ("BASE64", BASE64, "IGN5602"),
        ("base64+gzip", base64.b64encode(GZIP), "IGN5602"),
        (" base64", BASE64, "IGN5602"),
        ("base64", BASE64[:-1], "IGN5603"),
        ("base64", b"~" + BASE64, "IGN5603"),
        ("base64", BASE64 + b" ", "IGN5603"),
        ("gzip", CONFIG, "IGN4009"),
        ("gzip", GZIP[:-1], "IGN4009"),
        ("gzip+base64", GZIP, "IGN5603"),
        ("gzip", b"", "IGN4009"),
    ],
)
def test_data_that_does_not_match_its_encoding(
    encoding: str, data: bytes, code: str, machine: Machine
) -> None:
    with pytest.raises(Failure) as caught:
        config(machine, {DATA: data, ENCODING: encoding.encode()})
    assert caught.value.code == code
    assert DATA in str(caught.value.origin)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {DATA: b""},
        {"ovfenv": b""},
        {"ovfenv": environment(other="x")},
        {ENCODING: b"base64"},
        {DATA: b"", "ovfenv": environment(ignition_config_data="hidden")},
    ],
    ids=["nothing", "empty", "empty OVF", "OVF without", "only an encoding", "hides the property"],
)
def test_no_config(variables: dict[str, bytes], machine: Machine) -> None:
    assert config(machine, variables) == b""


@pytest.mark.parametrize("encoding", [b"base64", b"gzip+base64", b""])
def test_deleted_config_is_no_config(encoding: bytes, machine: Machine) -> None:
    assert config(machine, {DATA: vmware.ERASED, ENCODING: encoding}) == b""
    assert f"guestinfo.{DATA} was deleted at an earlier boot" in machine.lines


@pytest.mark.parametrize(
    "variables",
    [
        {"ovfenv": environment(ignition_config_data=BASE64.decode()), ENCODING: b"base64"},
        {DATA: BASE64, "ovfenv": environment(ignition_config_data_encoding="base64")},
        {
            "ovfenv": environment(
                ignition_config_data=BASE64.decode(), ignition_config_data_encoding="b64"
            )
        },
        {DATA: CONFIG, "ovfenv": environment(ignition_config_data="not this")},
        {DATA: CONFIG, "ovfenv": b"no XML"},
    ],
    ids=["data of OVF", "encoding of OVF", "both of OVF", "guestinfo wins", "no environment"],
)
def test_each_key_falls_back_separately(variables: dict[str, bytes], machine: Machine) -> None:
    assert config(machine, variables) == CONFIG


def test_unreadable_ovf_environment_is_logged(machine: Machine) -> None:
    config(machine, {"ovfenv": b"no XML"})
    assert any(line.startswith("going on without the OVF environment") for line in machine.lines)


def test_flatcar_names(machine: Machine) -> None:
    old = {"coreos.config.data": BASE64, "coreos.config.data.encoding": b"base64"}
    assert config(machine, old) == CONFIG
    assert config(machine, {**old, DATA: b"first"}) == b"first"


@pytest.mark.parametrize("name", ["ignition", "coreos"])
def test_url_of_a_config(name: str, machine: Machine) -> None:
    with HttpServer({"/config": CONFIG}) as server:
        variables = {f"{name}.config.url": server.url("/config").encode()}
        assert config(machine, variables) == CONFIG
        assert config(machine, {**variables, DATA: b"first"}) == b"first"
        with pytest.raises(NeedNetwork):
            config(machine, variables, offline=True)


def test_deleted_config_reads_as_none(machine: Machine) -> None:
    whole = environment(a="1", ignition_config_data="x", ignition_config_data_encoding="", z="2")
    host = Hypervisor({DATA: b"secret", "ovfenv": whole})
    assert erase(machine, host)
    assert host.variables == {
        DATA: b"e30K",
        ENCODING: b"base64",
        "ovfenv": environment(a="1", z="2"),
    }
    assert config(machine, host.variables) == b""
    assert "secret" not in "\n".join(machine.lines)


def test_deleting_again_writes_nothing(machine: Machine) -> None:
    variables = {DATA: b"e30K", ENCODING: b"base64", "ovfenv": environment(a="1")}
    host = Hypervisor(variables)
    assert erase(machine, host)
    assert not [request for request in host.requests if request.startswith(b"info-set")]


@pytest.mark.parametrize("variables", [{}, {"ovfenv": b""}], ids=["nothing", "empty OVF"])
def test_nothing_to_delete(variables: dict[str, bytes], machine: Machine) -> None:
    host = Hypervisor(variables)
    assert erase(machine, host)
    assert not [request for request in host.requests if request.startswith(b"info-set")]


def test_matching_encoding_is_not_rewritten(machine: Machine) -> None:
    host = Hypervisor({DATA: b"x", ENCODING: b"base64"})
    erase(machine, host)
    assert [request for request in host.requests if request.startswith(b"info-set")] == [
        b"info-set guestinfo.ignition.config.data e30K"
    ]


@pytest.mark.parametrize("key", [DATA, ENCODING, "ovfenv"])
def test_refused_deletion_is_logged_and_the_rest_done(key: str, machine: Machine) -> None:
    host = Hypervisor(
        {DATA: b"x", "ovfenv": environment(ignition_config_data="x")}, read_only=(key,)
    )
    before = dict(host.variables)
    assert not erase(machine, host)
    assert f"the hypervisor refuses to write guestinfo.{key}: Permission denied" in machine.lines
    changed = {name for name, value in host.variables.items() if before.get(name) != value}
    assert changed == {DATA, ENCODING, "ovfenv"} - {key}


def test_unreadable_ovf_environment_cannot_be_erased(machine: Machine) -> None:
    with pytest.raises(Failure) as caught:
        erase(machine, Hypervisor({"ovfenv": b"no XML"}))
    assert caught.value.code == "IGN5605"


def test_not_a_vmware_guest(machine: Machine) -> None:
    machine.settings.dmi_dir = str(machine.folder)
    for act in (vmware.fetch, vmware.delete):
        with pytest.raises(NoProvider):
            act(machine.context())


def played(machine: Machine, host: Hypervisor, act: Callable[[], bytes]) -> bytes:
    """Runs a provider function with its machine code, on a machine that looks like VMware."""
    machine.write("dmi/sys_vendor", b"VMware, Inc.\n")
    machine.settings.dmi_dir = str(machine.folder / "dmi")
    return host.run(act)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_read_through_the_io_ports(machine: Machine) -> None:
    host = Hypervisor({DATA: base64.b64encode(GZIP), ENCODING: b"gzip+base64"})
    assert played(machine, host, lambda: vmware.fetch(machine.context())) == CONFIG

    assert played(machine, host, lambda: bytes([vmware.delete(machine.context())])) == b"\1"
    assert host.variables == {DATA: b"e30K", ENCODING: b"base64"}
    assert played(machine, host, lambda: vmware.fetch(machine.context())) == b""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_the_phase_needs_no_network(machine: Machine) -> None:
    host = Hypervisor(
        {"ovfenv": environment(ignition_config_data=BASE64.decode()), ENCODING: b"b64"}
    )

    def phase() -> bytes:
        return bytes([run(machine, "fetch-offline", platform="vmware")])

    assert played(machine, host, phase) == b"\0"
    left = os.listdir(machine.folder / "run")
    assert "ignition.json" in left
    assert "neednet" not in left
    assert len(host.requests) == 3, "nothing is asked twice"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="code for x86-64")
def test_no_transport_to_the_hypervisor(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    from ignition.system.vmware import TransportError, vsock

    def closed(request: bytes) -> bytes:
        raise TransportError("no vsock")

    monkeypatch.setattr(vsock, "call", closed)
    machine.settings.programs.update({"vmware-rpctool": "/none", "vmtoolsd": "/none"})
    with pytest.raises(Refusal, match="Failure: no working transport to VMware's hypervisor"):
        played(machine, Hypervisor({}, closed=True), lambda: vmware.fetch(machine.context()))
