# SPDX-License-Identifier: Apache-2.0
"""The platforms that the testbed plays: how each gives the config to the machine.

Metadata services run in this process, on free ports of 127.0.0.1, and QEMU forwards their real
addresses to them. So no privilege is needed, and guests side by side do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ignition.base.errors import Failure
from ignition.base.suggest import closest
from ignition.testbed import hostfiles
from ignition.testbed.certificates import Authority
from ignition.testbed.drives import Drive, iso9660
from ignition.testbed.faults import Fault
from ignition.testbed.httpserver import Answer, HttpServer, Seen
from ignition.testbed.images import Image
from ignition.testbed.metadata import FAKES, Fake
from ignition.testbed.metadata.packet import Packet
from ignition.testbed.metadata.scaleway import Scaleway
from ignition.testbed.metadata.service import LINK_LOCAL, NOT_FOUND, found
from ignition.testbed.qemu import HOST

ID = "ignition.platform.id"
URL = "ignition.config.url"
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
"""The authorities that this machine trusts, and the same file in an initramfs."""


@dataclass(frozen=True)
class Delivery:
    """What a platform adds to a machine, while its services run.

    fw_cfg           items of QEMU's firmware config: name -> contents
    cmdline          kernel arguments
    drives           config drives
    services         (address, port) in the guest -> port on 127.0.0.1 of this machine
    initramfs_files  absolute path -> contents; only a kernel that is booted directly can have them
    vendor           manufacturer in the SMBIOS tables
    network          whether the machine has a network card
    notes            sentences about what differs from the real platform
    """

    fw_cfg: Mapping[str, bytes] = field(default_factory=dict)
    cmdline: tuple[str, ...] = ()
    drives: tuple[Drive, ...] = ()
    services: Mapping[tuple[str, int], int] = field(default_factory=dict)
    initramfs_files: Mapping[str, bytes] = field(default_factory=dict)
    vendor: str = ""
    network: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConfigDrive:
    """A CD with this label; the config is in the file `path`, and `more` are other files."""

    label: str
    path: str
    more: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Playable:
    """A platform that the testbed plays.

    how     where the config comes from, for people
    drive   the config drive; without one, `how` says it
    """

    how: str
    drive: ConfigDrive | None = None


def _on_drive(label: str, path: str, **more: bytes) -> Playable:
    files = {f"/{name.replace('_', '-')}": body for name, body in more.items()}
    return Playable(f"{path} on a drive labelled {label}", ConfigDrive(label, path, files))


_OPENSTACK = "/openstack/latest/user_data"
_DVD = ConfigDrive(
    "rd_rdfe_stable", "/CustomData.bin", {"/ovf-env.xml": b"<Environment xmlns='provisioning'/>\n"}
)
PLATFORMS: dict[str, Playable | str] = {
    **{platform: Playable("its metadata service") for platform in FAKES},
    "applehv": "its host serves the config on a vsock, which takes /dev/vhost-vsock and root",
    "azurestack": Playable("CustomData.bin on the provisioning DVD", _DVD),
    # QEMU forwards no connection to the address of its own DHCP server, which is CloudStack's router.
    "cloudstack": _on_drive("config-2", "/cloudstack/userdata/user_data.txt"),
    "file": "it is for tests of the engine itself, and reads a file of the initramfs",
    "hyperv": "its host sends key-value pairs over VMBus, which only Hyper-V has",
    "ibmcloud": _on_drive("cidata", "/user-data", meta_data=b"instance-id: ignition-test\n"),
    "kubevirt": _on_drive("cidata", "/user-data", meta_data=b"instance-id: ignition-test\n"),
    "metal": Playable(f"{URL}= on the kernel command line"),
    "nocloud": _on_drive("cidata", "/user-data", meta_data=b"instance-id: ignition-test\n"),
    "nutanix": _on_drive("config-2", _OPENSTACK),
    "nvidiabluefield": "its host pushes the config into a FIFO that only this ARM card has",
    "packet": Playable("its metadata service, by name and over https"),
    "powervs": _on_drive("config-2", _OPENSTACK),
    "proxmoxve": _on_drive("cidata", "/user-data", meta_data=b"instance-id: ignition-test\n"),
    "qemu": Playable("an item of QEMU's firmware config"),
    "virtualbox": "the config is a guest property, which only VirtualBox has",
    "vmware": "the config is a guestinfo variable, which only a VMware hypervisor has",
    "zvm": "the config is in the virtual card reader, which only IBM Z has",
}
"""Platform id -> how it is played, or the reason why it cannot be."""

ALIASES = {
    "ec2": "aws",
    "equinix": "packet",
    "equinixmetal": "packet",
    "gce": "gcp",
    "pxe": "metal",
}
"""Other names, as on the kernel command line."""


def playable(platform: str) -> Playable:
    """How a platform is played. Failure IGN8301 for an unknown one, with the nearest, and IGN8302 for one
    that cannot be."""
    found = PLATFORMS.get(ALIASES.get(platform, platform))
    if isinstance(found, Playable):
        return found
    known = ", ".join(sorted(name for name, how in PLATFORMS.items() if isinstance(how, Playable)))
    if found is not None:
        raise Failure(
            "IGN8302", f"platform {platform} cannot be played: {found}", hint=f"played are {known}"
        )
    near = closest(platform, [*PLATFORMS, *ALIASES])
    hint = f"did you mean {near}?" if near else f"played are {known}"
    raise Failure("IGN8301", f"there is no platform {platform!r}", hint=hint)


@contextmanager
def play(
    platform: str, config: bytes | None, folder: Path, image: Image, fault: Fault | None = None
) -> Iterator[Delivery]:
    """Runs the services of a platform for one machine. `config` None: the machine has none.

    `folder` gets drives and certificates. With the fault `net-flaky` the services fail at first. Failure
    IGN8301 and IGN8302 as `playable`, IGN8303 for an image that cannot be told what this platform needs.
    """
    how = playable(platform)
    name = ALIASES.get(platform, platform)
    _check_image(name, image)
    flaky = fault is not None and fault.kind == "net-flaky"
    with hostfiles.host_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if how.drive is not None:
        delivery = _drive(how.drive, config, folder)
    elif name == "qemu":
        delivery = Delivery(fw_cfg={image.fw_cfg_entry: config} if config is not None else {})
    elif name == "metal":
        with _served_config(config, flaky) as served:
            yield _named(name, image, served)
        return
    else:
        with _served_metadata(name, config, folder, flaky) as served:
            yield _named(name, image, served)
        return
    if fault is not None and fault.kind.startswith("net-"):
        note = f"{fault.kind} only affects what the config refers to: {platform} needs no network"
        delivery = replace(delivery, notes=(note,))
    yield _named(name, image, delivery)


def _check_image(platform: str, image: Image) -> None:
    """Only a kernel that is started directly gets other arguments and more files in its initramfs."""
    needs = {"metal": f"{URL}= on its kernel command line", "packet": "a certificate authority"}
    if image.direct is None and platform in needs:
        raise Failure(
            "IGN8303",
            f"platform {platform} cannot be played with {image.name}: the machine needs"
            f" {needs[platform]}, and its own boot loader does not give it that",
            hint="start its kernel directly, with --kernel, --initrd and --append",
        )


def _named(platform: str, image: Image, delivery: Delivery) -> Delivery:
    """With the argument that tells the machine its platform."""
    if image.direct is not None:
        return replace(delivery, cmdline=(f"{ID}={platform}", *delivery.cmdline))
    note = f"{image.name} boots by itself: it must have {ID}={platform} on its own command line"
    return delivery if platform == "qemu" else replace(delivery, notes=(*delivery.notes, note))


def _drive(drive: ConfigDrive, config: bytes | None, folder: Path) -> Delivery:
    files = {**drive.more, **({drive.path: config} if config is not None else {})}
    with hostfiles.host_errors(folder):
        image = iso9660(folder / "config-drive.iso", drive.label, files or {"/empty": b""})
    return Delivery(drives=(Drive(image, bus="scsi", cdrom=True),))


@contextmanager
def _served_config(config: bytes | None, flaky: bool) -> Iterator[Delivery]:
    if config is None:
        yield Delivery()
        return
    path = "/config.ign"

    def answer(seen: Seen) -> Answer:
        return found(config) if seen.path == path else NOT_FOUND

    with HttpServer(service=_Flaky(answer, path).answer if flaky else answer) as server:
        yield Delivery(cmdline=(f"{URL}={server.url(path, HOST)}",))


@contextmanager
def _served_metadata(
    platform: str, config: bytes | None, folder: Path, flaky: bool
) -> Iterator[Delivery]:
    if platform == "packet":
        with _packet(config, folder, flaky) as delivery:
            yield delivery
        return
    service: Fake = FAKES[platform](config)
    notes: tuple[str, ...] = ()
    if platform == "scaleway":
        service = Scaleway(config, any_port=True)
        notes = ("the source port of requests, which Scaleway checks, is not checked here",)
    with HttpServer(service=_served(service, flaky)) as server:
        yield Delivery(services={(service.address, 80): server.port}, notes=notes)


@contextmanager
def _packet(config: bytes | None, folder: Path, flaky: bool) -> Iterator[Delivery]:
    """The service has a name and a certificate, so the initramfs gets both."""
    name = "metadata.packet.net"
    authority = Authority(folder, "ignition test")
    service = Packet(config, home=f"https://{name}/phone-home")
    with HttpServer(service=_served(service, flaky), tls=authority.issue(name)) as server:
        trusted = BUNDLE.read_bytes() if BUNDLE.is_file() else b""
        yield Delivery(
            services={(LINK_LOCAL, 443): server.port},
            initramfs_files={
                "/etc/hosts": f"127.0.0.1 localhost\n{LINK_LOCAL} {name}\n".encode(),
                str(BUNDLE): trusted + authority.pem,
            },
        )


class _Flaky:
    """A service that fails before it works, at the path of the user data: it is not ready, hangs up, and
    resets a connection in the middle of the right answer."""

    def __init__(self, answer: Callable[[Seen], Answer], path: str) -> None:
        self._answer, self._path = answer, path
        self._failures = 0

    def answer(self, seen: Seen) -> Answer:
        right = self._answer(seen)
        if seen.path != self._path or right.status != 200:
            return right
        self._failures += 1
        if self._failures == 1:
            return Answer(503)
        if self._failures == 2:
            return Answer(hang_up=True)
        if self._failures == 3:
            return replace(right, cut=len(right.body) // 2, reset=True)
        return right


def _served(service: Fake, flaky: bool) -> Callable[[Seen], Answer]:
    return _Flaky(service.answer, service.path).answer if flaky else service.answer
