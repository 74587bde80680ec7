# SPDX-License-Identifier: Apache-2.0
"""The newest spec as classes: typed views of a canonical value.

Generated from schemas/ by `make generate`; change the schemas, not this file.

Views are created on access. Unset optional members are None, unset plain members are zero or
empty, and objects and lists always exist.
"""

from __future__ import annotations

from ignition.config.view import View


class Config(View):
    """What the machine should be like after its first boot."""

    __slots__ = ()

    @property
    def ignition(self) -> Ignition:
        """Metadata about the config itself: its version, other configs, and how remote resources
        are fetched.
        """
        return Ignition(self.raw.get("ignition") or {})

    @property
    def kernel_arguments(self) -> KernelArguments:
        """Kernel command line arguments of the installed system."""
        return KernelArguments(self.raw.get("kernelArguments") or {})

    @property
    def passwd(self) -> Passwd:
        """User and group accounts of the target."""
        return Passwd(self.raw.get("passwd") or {})

    @property
    def storage(self) -> Storage:
        """Disks, volumes, filesystems and their contents."""
        return Storage(self.raw.get("storage") or {})

    @property
    def systemd(self) -> Systemd:
        """Units of the target."""
        return Systemd(self.raw.get("systemd") or {})


class Ignition(View):
    """Metadata about the config itself: its version, other configs, and how remote resources are
    fetched.
    """

    __slots__ = ()

    @property
    def config(self) -> IgnitionConfig:
        """Other configs to merge into this one, or to use instead of it."""
        return IgnitionConfig(self.raw.get("config") or {})

    @property
    def proxy(self) -> Proxy:
        """Proxies for fetching over HTTP(S)."""
        return Proxy(self.raw.get("proxy") or {})

    @property
    def security(self) -> Security:
        """Network security."""
        return Security(self.raw.get("security") or {})

    @property
    def timeouts(self) -> Timeouts:
        """Time limits of HTTP requests."""
        return Timeouts(self.raw.get("timeouts") or {})

    @property
    def version(self) -> str:
        """Spec version of the config. It determines which members and rules apply."""
        return self.raw.get("version") or ""


class IgnitionConfig(View):
    """Other configs to merge into this one, or to use instead of it."""

    __slots__ = ()

    @property
    def merge(self) -> list[Resource]:
        """Configs to merge into this one, in order; later ones win."""
        return [Resource(item) for item in self.raw.get("merge") or ()]

    @property
    def replace(self) -> Resource:
        """Config to use instead of this one; everything else here is dropped."""
        return Resource(self.raw.get("replace") or {})


class Proxy(View):
    """Proxies for fetching over HTTP(S)."""

    __slots__ = ()

    @property
    def http_proxy(self) -> str | None:
        """URL of the proxy for http. It is not used for https."""
        return self.raw.get("httpProxy")

    @property
    def https_proxy(self) -> str | None:
        """URL of the proxy for https."""
        return self.raw.get("httpsProxy")

    @property
    def no_proxy(self) -> list[str]:
        """Hosts to reach without proxy: `example.com` with its subdomains, `.example.com` for
        the subdomains only, or an IP address, each with an optional port; a CIDR block; `*`
        for all.
        """
        return self.raw.get("noProxy") or []


class Security(View):
    """Network security."""

    __slots__ = ()

    @property
    def tls(self) -> Tls:
        """Options of TLS connections."""
        return Tls(self.raw.get("tls") or {})


class Tls(View):
    """Options of TLS connections."""

    __slots__ = ()

    @property
    def certificate_authorities(self) -> list[Resource]:
        """Certificate bundles in PEM format, trusted in addition to the system's."""
        return [Resource(item) for item in self.raw.get("certificateAuthorities") or ()]


class Timeouts(View):
    """Time limits of HTTP requests."""

    __slots__ = ()

    @property
    def http_response_headers(self) -> int | None:
        """Seconds to wait for the response headers after sending the request. 0 means no limit."""
        return self.raw.get("httpResponseHeaders")

    @property
    def http_total(self) -> int | None:
        """Seconds that one fetch with all its retries may take. 0 means no limit."""
        return self.raw.get("httpTotal")


class Resource(View):
    """Bytes to fetch, and how to verify them."""

    __slots__ = ()

    @property
    def compression(self) -> str | None:
        """Compression at the source; the bytes are decompressed before use."""
        return self.raw.get("compression")

    @property
    def http_headers(self) -> list[HttpHeader]:
        """Headers to add to the request. Only for http and https."""
        return [HttpHeader(item) for item in self.raw.get("httpHeaders") or ()]

    @property
    def source(self) -> str | None:
        """URL of the bytes: http, https, tftp, s3, gs, arn (S3 by ARN) or data URL."""
        return self.raw.get("source")

    @property
    def verification(self) -> Verification:
        """How the bytes are verified."""
        return Verification(self.raw.get("verification") or {})


class HttpHeader(View):
    """A header of an HTTP request."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Name of the header."""
        return self.raw.get("name") or ""

    @property
    def value(self) -> str | None:
        """Value of the header. If unset in a child config, the parent's header of this name is
        removed.
        """
        return self.raw.get("value")


class Verification(View):
    """How fetched bytes are verified."""

    __slots__ = ()

    @property
    def hash(self) -> str | None:
        """Hash of the decompressed bytes: `sha512-` or `sha256-` and the checksum in
        hexadecimal.
        """
        return self.raw.get("hash")


class KernelArguments(View):
    """Kernel command line arguments of the installed system."""

    __slots__ = ()

    @property
    def should_exist(self) -> list[str]:
        """Arguments to add if they are missing."""
        return self.raw.get("shouldExist") or []

    @property
    def should_not_exist(self) -> list[str]:
        """Arguments to remove."""
        return self.raw.get("shouldNotExist") or []


class Passwd(View):
    """User and group accounts of the target."""

    __slots__ = ()

    @property
    def groups(self) -> list[PasswdGroup]:
        """Groups to add, change or delete."""
        return [PasswdGroup(item) for item in self.raw.get("groups") or ()]

    @property
    def users(self) -> list[PasswdUser]:
        """Users to add, change or delete."""
        return [PasswdUser(item) for item in self.raw.get("users") or ()]


class PasswdGroup(View):
    """A group account."""

    __slots__ = ()

    @property
    def gid(self) -> int | None:
        """Group ID."""
        return self.raw.get("gid")

    @property
    def name(self) -> str:
        """Name of the group."""
        return self.raw.get("name") or ""

    @property
    def password_hash(self) -> str | None:
        """Password hash of the group."""
        return self.raw.get("passwordHash")

    @property
    def should_exist(self) -> bool | None:
        """Whether the group should exist. False deletes it."""
        return self.raw.get("shouldExist")

    @property
    def system(self) -> bool | None:
        """Create a system group."""
        return self.raw.get("system")


class PasswdUser(View):
    """A user account."""

    __slots__ = ()

    @property
    def gecos(self) -> str | None:
        """GECOS field, usually the full name."""
        return self.raw.get("gecos")

    @property
    def groups(self) -> list[str]:
        """Supplementary groups."""
        return self.raw.get("groups") or []

    @property
    def home_dir(self) -> str | None:
        """Home directory. The home of an existing user is moved there."""
        return self.raw.get("homeDir")

    @property
    def name(self) -> str:
        """Name of the user."""
        return self.raw.get("name") or ""

    @property
    def no_create_home(self) -> bool | None:
        """Do not create the home directory of a new user."""
        return self.raw.get("noCreateHome")

    @property
    def no_log_init(self) -> bool | None:
        """Do not add a new user to the lastlog and faillog databases."""
        return self.raw.get("noLogInit")

    @property
    def no_user_group(self) -> bool | None:
        """Do not create a group with the name of the new user."""
        return self.raw.get("noUserGroup")

    @property
    def password_hash(self) -> str | None:
        """Password hash, as returned by crypt(3)."""
        return self.raw.get("passwordHash")

    @property
    def primary_group(self) -> str | None:
        """Name of the primary group."""
        return self.raw.get("primaryGroup")

    @property
    def ssh_authorized_keys(self) -> list[str]:
        """SSH public keys for this user, in the format of authorized_keys."""
        return self.raw.get("sshAuthorizedKeys") or []

    @property
    def shell(self) -> str | None:
        """Login shell."""
        return self.raw.get("shell")

    @property
    def should_exist(self) -> bool | None:
        """Whether the user should exist. False deletes it, with its home."""
        return self.raw.get("shouldExist")

    @property
    def system(self) -> bool | None:
        """Create a system user."""
        return self.raw.get("system")

    @property
    def uid(self) -> int | None:
        """User ID."""
        return self.raw.get("uid")


class Storage(View):
    """Disks, volumes, filesystems and their contents."""

    __slots__ = ()

    @property
    def directories(self) -> list[Directory]:
        """Directories to create."""
        return [Directory(item) for item in self.raw.get("directories") or ()]

    @property
    def disks(self) -> list[Disk]:
        """Disks and their partitions."""
        return [Disk(item) for item in self.raw.get("disks") or ()]

    @property
    def files(self) -> list[File]:
        """Files to write."""
        return [File(item) for item in self.raw.get("files") or ()]

    @property
    def filesystems(self) -> list[Filesystem]:
        """Filesystems to create or reuse."""
        return [Filesystem(item) for item in self.raw.get("filesystems") or ()]

    @property
    def links(self) -> list[Link]:
        """Symbolic and hard links to create."""
        return [Link(item) for item in self.raw.get("links") or ()]

    @property
    def luks(self) -> list[Luks]:
        """LUKS volumes to create or reuse."""
        return [Luks(item) for item in self.raw.get("luks") or ()]

    @property
    def raid(self) -> list[Raid]:
        """Software RAID arrays to create or reuse."""
        return [Raid(item) for item in self.raw.get("raid") or ()]


class NodeGroup(View):
    """The owning group, by ID or by name, not both."""

    __slots__ = ()

    @property
    def id(self) -> int | None:
        """Numeric group ID."""
        return self.raw.get("id")

    @property
    def name(self) -> str | None:
        """Name of the group, looked up on the target."""
        return self.raw.get("name")


class NodeUser(View):
    """The owning user, by ID or by name, not both."""

    __slots__ = ()

    @property
    def id(self) -> int | None:
        """Numeric user ID."""
        return self.raw.get("id")

    @property
    def name(self) -> str | None:
        """Name of the user, looked up on the target."""
        return self.raw.get("name")


class Directory(View):
    """A directory. An existing one is kept unless overwrite is true."""

    __slots__ = ()

    @property
    def group(self) -> NodeGroup:
        """Group that owns the directory. Root when unset."""
        return NodeGroup(self.raw.get("group") or {})

    @property
    def overwrite(self) -> bool | None:
        """Delete whatever is at the path first, including the contents of an existing directory."""
        return self.raw.get("overwrite")

    @property
    def path(self) -> str:
        """Absolute path of the directory in the target root, without `.`, `..` or double
        slashes.
        """
        return self.raw.get("path") or ""

    @property
    def user(self) -> NodeUser:
        """User that owns the directory. Root when unset."""
        return NodeUser(self.raw.get("user") or {})

    @property
    def mode(self) -> int | None:
        """Permission bits in decimal (0644 is 420), special bits included. Default 0755 for a
        new directory; unset keeps the bits of an existing one.
        """
        return self.raw.get("mode")


class File(View):
    """A file: its contents, and what is appended to them."""

    __slots__ = ()

    @property
    def group(self) -> NodeGroup:
        """Group that owns the file. Root when unset."""
        return NodeGroup(self.raw.get("group") or {})

    @property
    def overwrite(self) -> bool | None:
        """Delete whatever is at the path first. Needs contents.source."""
        return self.raw.get("overwrite")

    @property
    def path(self) -> str:
        """Absolute path of the file in the target root, without `.`, `..` or double slashes."""
        return self.raw.get("path") or ""

    @property
    def user(self) -> NodeUser:
        """User that owns the file. Root when unset."""
        return NodeUser(self.raw.get("user") or {})

    @property
    def append(self) -> list[Resource]:
        """Resources to append to the file, in order."""
        return [Resource(item) for item in self.raw.get("append") or ()]

    @property
    def contents(self) -> Resource:
        """Contents of the file. If unset, an existing file is kept, or an empty one created."""
        return Resource(self.raw.get("contents") or {})

    @property
    def mode(self) -> int | None:
        """Permission bits in decimal (0644 is 420), special bits included. Default 0644 for a
        new file; unset keeps the bits of an existing one.
        """
        return self.raw.get("mode")


class Link(View):
    """A symbolic or hard link."""

    __slots__ = ()

    @property
    def group(self) -> NodeGroup:
        """Group that owns the link. Root when unset."""
        return NodeGroup(self.raw.get("group") or {})

    @property
    def overwrite(self) -> bool | None:
        """Delete whatever is at the path first."""
        return self.raw.get("overwrite")

    @property
    def path(self) -> str:
        """Absolute path of the link in the target root, without `.`, `..` or double slashes."""
        return self.raw.get("path") or ""

    @property
    def user(self) -> NodeUser:
        """User that owns the link. Root when unset."""
        return NodeUser(self.raw.get("user") or {})

    @property
    def hard(self) -> bool | None:
        """Create a hard link instead of a symbolic one."""
        return self.raw.get("hard")

    @property
    def target(self) -> str | None:
        """Target of the link."""
        return self.raw.get("target")


class Disk(View):
    """A disk and the partitions that its GPT should have."""

    __slots__ = ()

    @property
    def device(self) -> str:
        """Absolute path of the block device, preferably a stable one below /dev/disk/by-id."""
        return self.raw.get("device") or ""

    @property
    def partitions(self) -> list[Partition]:
        """Partitions of the disk; partitions that are not listed are left alone."""
        return [Partition(item) for item in self.raw.get("partitions") or ()]

    @property
    def wipe_table(self) -> bool | None:
        """Delete the partition table with all partitions first."""
        return self.raw.get("wipeTable")


class Partition(View):
    """A partition of a GPT, identified by its number; an entry without a number takes the next
    free one.
    """

    __slots__ = ()

    @property
    def guid(self) -> str | None:
        """Unique GUID of the partition."""
        return self.raw.get("guid")

    @property
    def label(self) -> str | None:
        """Label in the partition table: at most 36 bytes, no colon. Links appear below
        /dev/disk/by-partlabel.
        """
        return self.raw.get("label")

    @property
    def number(self) -> int:
        """Number in the table, from 1. 0 means the next free one; then a label is required."""
        return self.raw.get("number") or 0

    @property
    def resize(self) -> bool | None:
        """Grow or shrink an existing partition that differs in size only."""
        return self.raw.get("resize")

    @property
    def should_exist(self) -> bool | None:
        """Whether the partition should exist. False deletes the one with this number."""
        return self.raw.get("shouldExist")

    @property
    def size_mib(self) -> int | None:
        """Size in mebibytes. 0 takes the rest of the largest free block; unset means the same,
        except that an existing partition keeps its size.
        """
        return self.raw.get("sizeMiB")

    @property
    def start_mib(self) -> int | None:
        """Start in mebibytes. 0 is the start of the largest free block; unset means the same,
        except that an existing partition keeps its start.
        """
        return self.raw.get("startMiB")

    @property
    def type_guid(self) -> str | None:
        """GUID of the partition's type. Unset or empty: Linux filesystem data."""
        return self.raw.get("typeGuid")

    @property
    def wipe_partition_entry(self) -> bool | None:
        """Delete an existing partition of this number that does not match, instead of failing."""
        return self.raw.get("wipePartitionEntry")


class Filesystem(View):
    """A filesystem on a device. An existing one with the same format, label and UUID is reused."""

    __slots__ = ()

    @property
    def device(self) -> str:
        """Absolute path of the block device; for virtiofs the tag of the share, at most 36
        bytes.
        """
        return self.raw.get("device") or ""

    @property
    def format(self) -> str | None:
        """Type of filesystem. `none` wipes the device or leaves it without one; `virtiofs` is a
        directory shared by the host.
        """
        return self.raw.get("format")

    @property
    def label(self) -> str | None:
        """Label of the filesystem. Limits in bytes: ext4 16, btrfs 256, xfs 12, swap 15, vfat
        11.
        """
        return self.raw.get("label")

    @property
    def mount_options(self) -> list[str]:
        """Mount options while the engine runs. They are not kept for later boots."""
        return self.raw.get("mountOptions") or []

    @property
    def options(self) -> list[str]:
        """Extra arguments of the mkfs program."""
        return self.raw.get("options") or []

    @property
    def path(self) -> str | None:
        """Mount point in the target root while the engine runs. Later boots need a mount unit."""
        return self.raw.get("path")

    @property
    def uuid(self) -> str | None:
        """UUID of the filesystem."""
        return self.raw.get("uuid")

    @property
    def wipe_filesystem(self) -> bool | None:
        """Always create the filesystem, destroying what is on the device."""
        return self.raw.get("wipeFilesystem")


class Luks(View):
    """An encrypted volume on a device, opened as /dev/mapper/NAME."""

    __slots__ = ()

    @property
    def cex(self) -> Cex:
        """Key from an IBM Crypto Express card."""
        return Cex(self.raw.get("cex") or {})

    @property
    def clevis(self) -> Clevis:
        """Bind the volume to TPM2, Tang servers or another Clevis pin."""
        return Clevis(self.raw.get("clevis") or {})

    @property
    def device(self) -> str | None:
        """Absolute path of the block device."""
        return self.raw.get("device")

    @property
    def discard(self) -> bool | None:
        """Pass discards through to the device, which reveals unused blocks."""
        return self.raw.get("discard")

    @property
    def key_file(self) -> Resource:
        """Key file. If unset, a random one is generated."""
        return Resource(self.raw.get("keyFile") or {})

    @property
    def label(self) -> str | None:
        """Label of the volume, at most 47 bytes."""
        return self.raw.get("label")

    @property
    def name(self) -> str:
        """Name of the opened volume; may not contain a slash."""
        return self.raw.get("name") or ""

    @property
    def open_options(self) -> list[str]:
        """Extra arguments of cryptsetup luksOpen; kept for later boots with --persistent."""
        return self.raw.get("openOptions") or []

    @property
    def options(self) -> list[str]:
        """Extra arguments of cryptsetup luksFormat."""
        return self.raw.get("options") or []

    @property
    def uuid(self) -> str | None:
        """UUID of the volume."""
        return self.raw.get("uuid")

    @property
    def wipe_volume(self) -> bool | None:
        """Always create the volume, destroying what is on the device."""
        return self.raw.get("wipeVolume")


class Cex(View):
    """Key from an IBM Crypto Express card (s390x)."""

    __slots__ = ()

    @property
    def enabled(self) -> bool | None:
        """Use the card's key."""
        return self.raw.get("enabled")


class Clevis(View):
    """What unlocks the volume at boot without a passphrase."""

    __slots__ = ()

    @property
    def custom(self) -> ClevisCustom:
        """A custom pin. Excludes tang, tpm2 and threshold."""
        return ClevisCustom(self.raw.get("custom") or {})

    @property
    def tang(self) -> list[Tang]:
        """Tang servers."""
        return [Tang(item) for item in self.raw.get("tang") or ()]

    @property
    def threshold(self) -> int | None:
        """Number of pins that are needed to unlock."""
        return self.raw.get("threshold")

    @property
    def tpm2(self) -> bool | None:
        """Use the machine's TPM2."""
        return self.raw.get("tpm2")


class ClevisCustom(View):
    """A custom Clevis pin."""

    __slots__ = ()

    @property
    def config(self) -> str | None:
        """Configuration of the pin: JSON for clevis luks bind."""
        return self.raw.get("config")

    @property
    def needs_network(self) -> bool | None:
        """Whether unlocking needs the network."""
        return self.raw.get("needsNetwork")

    @property
    def pin(self) -> str | None:
        """Name of the pin."""
        return self.raw.get("pin")


class Tang(View):
    """A Tang server."""

    __slots__ = ()

    @property
    def advertisement(self) -> str | None:
        """Advertisement of the server as JSON, to bind without contacting it."""
        return self.raw.get("advertisement")

    @property
    def thumbprint(self) -> str | None:
        """Thumbprint of a trusted signing key."""
        return self.raw.get("thumbprint")

    @property
    def url(self) -> str:
        """URL of the server."""
        return self.raw.get("url") or ""


class Raid(View):
    """A software RAID array, assembled as /dev/md/NAME."""

    __slots__ = ()

    @property
    def devices(self) -> list[str]:
        """Absolute paths of the member devices."""
        return self.raw.get("devices") or []

    @property
    def level(self) -> str | None:
        """RAID level."""
        return self.raw.get("level")

    @property
    def name(self) -> str:
        """Name of the array."""
        return self.raw.get("name") or ""

    @property
    def options(self) -> list[str]:
        """Extra arguments of mdadm --create."""
        return self.raw.get("options") or []

    @property
    def spares(self) -> int | None:
        """Number of devices that are spares."""
        return self.raw.get("spares")


class Systemd(View):
    """Units of the target."""

    __slots__ = ()

    @property
    def units(self) -> list[Unit]:
        """Units to write, enable, disable or mask."""
        return [Unit(item) for item in self.raw.get("units") or ()]


class Unit(View):
    """A systemd unit."""

    __slots__ = ()

    @property
    def contents(self) -> str | None:
        """Text of the unit file."""
        return self.raw.get("contents")

    @property
    def dropins(self) -> list[Dropin]:
        """Drop-ins of the unit."""
        return [Dropin(item) for item in self.raw.get("dropins") or ()]

    @property
    def enabled(self) -> bool | None:
        """True enables the unit by a preset, false disables it. Needs an [Install] section.
        Unset changes nothing.
        """
        return self.raw.get("enabled")

    @property
    def mask(self) -> bool | None:
        """True masks the unit, so that it can't be started; false unmasks it."""
        return self.raw.get("mask")

    @property
    def name(self) -> str:
        """Name with its suffix, such as `.service`."""
        return self.raw.get("name") or ""


class Dropin(View):
    """A drop-in file of a unit."""

    __slots__ = ()

    @property
    def contents(self) -> str | None:
        """Text of the drop-in."""
        return self.raw.get("contents")

    @property
    def name(self) -> str:
        """Name of the file, ending in `.conf`."""
        return self.raw.get("name") or ""
