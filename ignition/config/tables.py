# SPDX-License-Identifier: Apache-2.0
"""Object types of every spec version, read through `shapes`.

Generated from schemas/ by `make generate`; change the schemas, not this file.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Rows = tuple[tuple[Any, ...], ...]

CONFIG: Rows = (
    ("ignition", "object", "Ignition", ""),
    ("passwd", "object", "Passwd", ""),
    ("storage", "object", "Storage", ""),
    ("systemd", "object", "Systemd", ""),
)

IGNITION: Rows = (
    ("config", "object", "IgnitionConfig", ""),
    ("security", "object", "Security", ""),
    ("timeouts", "object", "Timeouts", ""),
    ("version", "string", "", "plain"),
)

IGNITION_CONFIG: Rows = (
    ("merge", "array", "ConfigReference", "", ("source",), "", ""),
    ("replace", "object", "ConfigReference", ""),
)

SECURITY: Rows = (("tls", "object", "TLS", ""),)

TLS: Rows = (("certificateAuthorities", "array", "CaReference", "", ("source",), "", ""),)

TIMEOUTS: Rows = (
    ("httpResponseHeaders", "integer", "", ""),
    ("httpTotal", "integer", "", ""),
)

CONFIG_REFERENCE: Rows = (
    ("source", "string", "", ""),
    ("verification", "object", "Verification", ""),
)

CA_REFERENCE: Rows = (
    ("source", "string", "", "plain"),
    ("verification", "object", "Verification", ""),
)

FILE_CONTENTS: Rows = (
    ("compression", "string", "", ""),
    ("source", "string", "", ""),
    ("verification", "object", "Verification", ""),
)

VERIFICATION: Rows = (("hash", "string", "", ""),)

PASSWD: Rows = (
    ("groups", "array", "PasswdGroup", "", ("name",), "", ""),
    ("users", "array", "PasswdUser", "", ("name",), "", ""),
)

PASSWD_GROUP: Rows = (
    ("gid", "integer", "", ""),
    ("name", "string", "", "plain"),
    ("passwordHash", "string", "", ""),
    ("system", "boolean", "", ""),
)

PASSWD_USER: Rows = (
    ("gecos", "string", "", ""),
    ("groups", "array", "", "", (), "", ""),
    ("homeDir", "string", "", ""),
    ("name", "string", "", "plain"),
    ("noCreateHome", "boolean", "", ""),
    ("noLogInit", "boolean", "", ""),
    ("noUserGroup", "boolean", "", ""),
    ("passwordHash", "string", "", ""),
    ("primaryGroup", "string", "", ""),
    ("sshAuthorizedKeys", "array", "", "", (), "", ""),
    ("shell", "string", "", ""),
    ("system", "boolean", "", ""),
    ("uid", "integer", "", ""),
)

STORAGE: Rows = (
    ("directories", "array", "Directory", "", ("path",), "nodes", ""),
    ("disks", "array", "Disk", "", ("device",), "", ""),
    ("files", "array", "File", "", ("path",), "nodes", ""),
    ("filesystems", "array", "Filesystem", "", ("device",), "", ""),
    ("links", "array", "Link", "", ("path",), "nodes", ""),
    ("raid", "array", "Raid", "", ("name",), "", ""),
)

NODE_GROUP: Rows = (
    ("id", "integer", "", ""),
    ("name", "string", "", ""),
)

NODE_USER: Rows = (
    ("id", "integer", "", ""),
    ("name", "string", "", ""),
)

DIRECTORY: Rows = (
    ("group", "object", "NodeGroup", ""),
    ("overwrite", "boolean", "", ""),
    ("path", "string", "", "plain"),
    ("user", "object", "NodeUser", ""),
    ("mode", "integer", "", ""),
)

FILE: Rows = (
    ("group", "object", "NodeGroup", ""),
    ("overwrite", "boolean", "", ""),
    ("path", "string", "", "plain"),
    ("user", "object", "NodeUser", ""),
    ("append", "array", "FileContents", "appends", (), "", ""),
    ("contents", "object", "FileContents", ""),
    ("mode", "integer", "", ""),
)

LINK: Rows = (
    ("group", "object", "NodeGroup", ""),
    ("overwrite", "boolean", "", ""),
    ("path", "string", "", "plain"),
    ("user", "object", "NodeUser", ""),
    ("hard", "boolean", "", ""),
    ("target", "string", "", "plain"),
)

DISK: Rows = (
    ("device", "string", "", "plain"),
    ("partitions", "array", "Partition", "", ("number", "label"), "", ""),
    ("wipeTable", "boolean", "", ""),
)

PARTITION: Rows = (
    ("guid", "string", "", ""),
    ("label", "string", "", ""),
    ("number", "integer", "", "plain omit-zero"),
    ("shouldExist", "boolean", "", ""),
    ("sizeMiB", "integer", "", ""),
    ("startMiB", "integer", "", ""),
    ("typeGuid", "string", "", ""),
    ("wipePartitionEntry", "boolean", "", ""),
)

FILESYSTEM: Rows = (
    ("device", "string", "", "plain"),
    ("format", "string", "", ""),
    ("label", "string", "", ""),
    ("options", "array", "", "appends", (), "", ""),
    ("path", "string", "", ""),
    ("uuid", "string", "", ""),
    ("wipeFilesystem", "boolean", "", ""),
)

RAID: Rows = (
    ("devices", "array", "", "", (), "", ""),
    ("level", "string", "", "plain"),
    ("name", "string", "", "plain"),
    ("options", "array", "", "appends", (), "", ""),
    ("spares", "integer", "", ""),
)

SYSTEMD: Rows = (("units", "array", "Unit", "", ("name",), "", ""),)

UNIT: Rows = (
    ("contents", "string", "", ""),
    ("dropins", "array", "Dropin", "", ("name",), "", ""),
    ("enabled", "boolean", "", ""),
    ("mask", "boolean", "", ""),
    ("name", "string", "", "plain"),
)

DROPIN: Rows = (
    ("contents", "string", "", ""),
    ("name", "string", "", "plain"),
)

IGNITION_3_1: Rows = (
    ("config", "object", "IgnitionConfig", ""),
    ("proxy", "object", "Proxy", ""),
    ("security", "object", "Security", ""),
    ("timeouts", "object", "Timeouts", ""),
    ("version", "string", "", "plain"),
)

IGNITION_CONFIG_3_1: Rows = (
    ("merge", "array", "Resource", "", ("source",), "", ""),
    ("replace", "object", "Resource", ""),
)

PROXY: Rows = (
    ("httpProxy", "string", "", ""),
    ("httpsProxy", "string", "", ""),
    ("noProxy", "array", "", "", (), "", ""),
)

TLS_3_1: Rows = (("certificateAuthorities", "array", "Resource", "", ("source",), "", ""),)

RESOURCE: Rows = (
    ("compression", "string", "", ""),
    ("httpHeaders", "array", "HTTPHeader", "", ("name",), "", "value"),
    ("source", "string", "", ""),
    ("verification", "object", "Verification", ""),
)

H_T_T_P_HEADER: Rows = (
    ("name", "string", "", "plain"),
    ("value", "string", "", ""),
)

FILE_3_1: Rows = (
    ("group", "object", "NodeGroup", ""),
    ("overwrite", "boolean", "", ""),
    ("path", "string", "", "plain"),
    ("user", "object", "NodeUser", ""),
    ("append", "array", "Resource", "appends", (), "", ""),
    ("contents", "object", "Resource", ""),
    ("mode", "integer", "", ""),
)

FILESYSTEM_3_1: Rows = (
    ("device", "string", "", "plain"),
    ("format", "string", "", ""),
    ("label", "string", "", ""),
    ("mountOptions", "array", "", "appends", (), "", ""),
    ("options", "array", "", "appends", (), "", ""),
    ("path", "string", "", ""),
    ("uuid", "string", "", ""),
    ("wipeFilesystem", "boolean", "", ""),
)

PASSWD_GROUP_3_2: Rows = (
    ("gid", "integer", "", ""),
    ("name", "string", "", "plain"),
    ("passwordHash", "string", "", ""),
    ("shouldExist", "boolean", "", ""),
    ("system", "boolean", "", ""),
)

PASSWD_USER_3_2: Rows = (
    ("gecos", "string", "", ""),
    ("groups", "array", "", "", (), "", ""),
    ("homeDir", "string", "", ""),
    ("name", "string", "", "plain"),
    ("noCreateHome", "boolean", "", ""),
    ("noLogInit", "boolean", "", ""),
    ("noUserGroup", "boolean", "", ""),
    ("passwordHash", "string", "", ""),
    ("primaryGroup", "string", "", ""),
    ("sshAuthorizedKeys", "array", "", "", (), "", ""),
    ("shell", "string", "", ""),
    ("shouldExist", "boolean", "", ""),
    ("system", "boolean", "", ""),
    ("uid", "integer", "", ""),
)

STORAGE_3_2: Rows = (
    ("directories", "array", "Directory", "", ("path",), "nodes", ""),
    ("disks", "array", "Disk", "", ("device",), "", ""),
    ("files", "array", "File", "", ("path",), "nodes", ""),
    ("filesystems", "array", "Filesystem", "", ("device",), "", ""),
    ("links", "array", "Link", "", ("path",), "nodes", ""),
    ("luks", "array", "Luks", "", ("name",), "", ""),
    ("raid", "array", "Raid", "", ("name",), "", ""),
)

PARTITION_3_2: Rows = (
    ("guid", "string", "", ""),
    ("label", "string", "", ""),
    ("number", "integer", "", "plain omit-zero"),
    ("resize", "boolean", "", ""),
    ("shouldExist", "boolean", "", ""),
    ("sizeMiB", "integer", "", ""),
    ("startMiB", "integer", "", ""),
    ("typeGuid", "string", "", ""),
    ("wipePartitionEntry", "boolean", "", ""),
)

LUKS: Rows = (
    ("clevis", "object", "Clevis", "pointer"),
    ("device", "string", "", ""),
    ("keyFile", "object", "Resource", ""),
    ("label", "string", "", ""),
    ("name", "string", "", "plain"),
    ("options", "array", "", "appends", (), "", ""),
    ("uuid", "string", "", ""),
    ("wipeVolume", "boolean", "", ""),
)

CLEVIS: Rows = (
    ("custom", "object", "ClevisCustom", "pointer"),
    ("tang", "array", "Tang", "", ("url",), "", ""),
    ("threshold", "integer", "", ""),
    ("tpm2", "boolean", "", ""),
)

CLEVIS_CUSTOM: Rows = (
    ("config", "string", "", "plain"),
    ("needsNetwork", "boolean", "", ""),
    ("pin", "string", "", "plain"),
)

TANG: Rows = (
    ("thumbprint", "string", "", ""),
    ("url", "string", "", "plain omit-zero"),
)

CONFIG_3_3: Rows = (
    ("ignition", "object", "Ignition", ""),
    ("kernelArguments", "object", "KernelArguments", ""),
    ("passwd", "object", "Passwd", ""),
    ("storage", "object", "Storage", ""),
    ("systemd", "object", "Systemd", ""),
)

KERNEL_ARGUMENTS: Rows = (
    ("shouldExist", "array", "", "", (), "kernelArguments", ""),
    ("shouldNotExist", "array", "", "", (), "kernelArguments", ""),
)

LINK_3_3: Rows = (
    ("group", "object", "NodeGroup", ""),
    ("overwrite", "boolean", "", ""),
    ("path", "string", "", "plain"),
    ("user", "object", "NodeUser", ""),
    ("hard", "boolean", "", ""),
    ("target", "string", "", ""),
)

LUKS_3_3: Rows = (
    ("clevis", "object", "Clevis", ""),
    ("device", "string", "", ""),
    ("keyFile", "object", "Resource", ""),
    ("label", "string", "", ""),
    ("name", "string", "", "plain"),
    ("options", "array", "", "appends", (), "", ""),
    ("uuid", "string", "", ""),
    ("wipeVolume", "boolean", "", ""),
)

CLEVIS_3_3: Rows = (
    ("custom", "object", "ClevisCustom", ""),
    ("tang", "array", "Tang", "", ("url",), "", ""),
    ("threshold", "integer", "", ""),
    ("tpm2", "boolean", "", ""),
)

CLEVIS_CUSTOM_3_3: Rows = (
    ("config", "string", "", ""),
    ("needsNetwork", "boolean", "", ""),
    ("pin", "string", "", ""),
)

RAID_3_3: Rows = (
    ("devices", "array", "", "", (), "", ""),
    ("level", "string", "", ""),
    ("name", "string", "", "plain"),
    ("options", "array", "", "appends", (), "", ""),
    ("spares", "integer", "", ""),
)

LUKS_3_4: Rows = (
    ("clevis", "object", "Clevis", ""),
    ("device", "string", "", ""),
    ("discard", "boolean", "", ""),
    ("keyFile", "object", "Resource", ""),
    ("label", "string", "", ""),
    ("name", "string", "", "plain"),
    ("openOptions", "array", "", "", (), "", ""),
    ("options", "array", "", "appends", (), "", ""),
    ("uuid", "string", "", ""),
    ("wipeVolume", "boolean", "", ""),
)

TANG_3_4: Rows = (
    ("advertisement", "string", "", ""),
    ("thumbprint", "string", "", ""),
    ("url", "string", "", "plain omit-zero"),
)

LUKS_3_5: Rows = (
    ("cex", "object", "Cex", ""),
    ("clevis", "object", "Clevis", ""),
    ("device", "string", "", ""),
    ("discard", "boolean", "", ""),
    ("keyFile", "object", "Resource", ""),
    ("label", "string", "", ""),
    ("name", "string", "", "plain"),
    ("openOptions", "array", "", "", (), "", ""),
    ("options", "array", "", "appends", (), "", ""),
    ("uuid", "string", "", ""),
    ("wipeVolume", "boolean", "", ""),
)

CEX: Rows = (("enabled", "boolean", "", ""),)

VERSIONS: dict[str, dict[str, Rows]] = {
    "3.0.0": {
        "Config": CONFIG,
        "Ignition": IGNITION,
        "IgnitionConfig": IGNITION_CONFIG,
        "Security": SECURITY,
        "TLS": TLS,
        "Timeouts": TIMEOUTS,
        "ConfigReference": CONFIG_REFERENCE,
        "CaReference": CA_REFERENCE,
        "FileContents": FILE_CONTENTS,
        "Verification": VERIFICATION,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP,
        "PasswdUser": PASSWD_USER,
        "Storage": STORAGE,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE,
        "Link": LINK,
        "Disk": DISK,
        "Partition": PARTITION,
        "Filesystem": FILESYSTEM,
        "Raid": RAID,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.1.0": {
        "Config": CONFIG,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP,
        "PasswdUser": PASSWD_USER,
        "Storage": STORAGE,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK,
        "Disk": DISK,
        "Partition": PARTITION,
        "Filesystem": FILESYSTEM_3_1,
        "Raid": RAID,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.2.0": {
        "Config": CONFIG,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS,
        "Clevis": CLEVIS,
        "ClevisCustom": CLEVIS_CUSTOM,
        "Tang": TANG,
        "Raid": RAID,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.3.0": {
        "Config": CONFIG_3_3,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "KernelArguments": KERNEL_ARGUMENTS,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK_3_3,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS_3_3,
        "Clevis": CLEVIS_3_3,
        "ClevisCustom": CLEVIS_CUSTOM_3_3,
        "Tang": TANG,
        "Raid": RAID_3_3,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.4.0": {
        "Config": CONFIG_3_3,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "KernelArguments": KERNEL_ARGUMENTS,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK_3_3,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS_3_4,
        "Clevis": CLEVIS_3_3,
        "ClevisCustom": CLEVIS_CUSTOM_3_3,
        "Tang": TANG_3_4,
        "Raid": RAID_3_3,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.5.0": {
        "Config": CONFIG_3_3,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "KernelArguments": KERNEL_ARGUMENTS,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK_3_3,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS_3_5,
        "Cex": CEX,
        "Clevis": CLEVIS_3_3,
        "ClevisCustom": CLEVIS_CUSTOM_3_3,
        "Tang": TANG_3_4,
        "Raid": RAID_3_3,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.6.0": {
        "Config": CONFIG_3_3,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "KernelArguments": KERNEL_ARGUMENTS,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK_3_3,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS_3_5,
        "Cex": CEX,
        "Clevis": CLEVIS_3_3,
        "ClevisCustom": CLEVIS_CUSTOM_3_3,
        "Tang": TANG_3_4,
        "Raid": RAID_3_3,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
    "3.7.0-experimental": {
        "Config": CONFIG_3_3,
        "Ignition": IGNITION_3_1,
        "IgnitionConfig": IGNITION_CONFIG_3_1,
        "Proxy": PROXY,
        "Security": SECURITY,
        "TLS": TLS_3_1,
        "Timeouts": TIMEOUTS,
        "Resource": RESOURCE,
        "HTTPHeader": H_T_T_P_HEADER,
        "Verification": VERIFICATION,
        "KernelArguments": KERNEL_ARGUMENTS,
        "Passwd": PASSWD,
        "PasswdGroup": PASSWD_GROUP_3_2,
        "PasswdUser": PASSWD_USER_3_2,
        "Storage": STORAGE_3_2,
        "NodeGroup": NODE_GROUP,
        "NodeUser": NODE_USER,
        "Directory": DIRECTORY,
        "File": FILE_3_1,
        "Link": LINK_3_3,
        "Disk": DISK,
        "Partition": PARTITION_3_2,
        "Filesystem": FILESYSTEM_3_1,
        "Luks": LUKS_3_5,
        "Cex": CEX,
        "Clevis": CLEVIS_3_3,
        "ClevisCustom": CLEVIS_CUSTOM_3_3,
        "Tang": TANG_3_4,
        "Raid": RAID_3_3,
        "Systemd": SYSTEMD,
        "Unit": UNIT,
        "Dropin": DROPIN,
    },
}
NEWEST = "3.7.0-experimental"
