# SPDX-License-Identifier: Apache-2.0
"""One file per platform: where it keeps the config and how to get it.

A provider is a module that satisfies the protocol `Provider` in ignition/acquisition/platforms.py. The engine
finds it through the tables in this file and loads no other. The platform ids are Ignition's, plus nocloud.
"""

from __future__ import annotations

# Platform id -> module in this folder.
MODULES = {
    "akamai": "akamai",
    "aliyun": "aliyun",
    "applehv": "applehv",
    "aws": "aws",
    "azure": "azure",
    "azurestack": "azurestack",
    "brightbox": "openstack",
    "cloudstack": "cloudstack",
    "digitalocean": "digitalocean",
    "exoscale": "exoscale",
    "file": "file",
    "gcp": "gcp",
    "hetzner": "hetzner",
    "hyperv": "hyperv",
    "ibmcloud": "ibmcloud",
    "kubevirt": "kubevirt",
    "metal": "metal",
    "nocloud": "nocloud",
    "nutanix": "nutanix",
    "nvidiabluefield": "nvidiabluefield",
    "openstack": "openstack",
    "oraclecloud": "oraclecloud",
    "packet": "packet",
    "powervs": "powervs",
    "proxmoxve": "proxmoxve",
    "qemu": "qemu",
    "scaleway": "scaleway",
    "upcloud": "upcloud",
    "virtualbox": "virtualbox",
    "vmware": "vmware",
    "vultr": "vultr",
    "zvm": "zvm",
}

# Ids that distributions and older versions of Ignition use.
ALIASES = {
    "ec2": "aws",
    "equinix": "packet",
    "equinixmetal": "packet",
    "gce": "gcp",
    "pxe": "metal",
}

# Platforms whose provider can do more than fetch; see the protocols in ignition/acquisition/platforms.py.
WITH_FILES = ("hyperv",)
WITH_STATUS = ("packet",)
WITH_DELETE = ("virtualbox", "vmware")


def platform_ids() -> list[str]:
    """All valid platform ids, aliases included, sorted."""
    return sorted([*MODULES, *ALIASES])


def canonical_id(name: str) -> str:
    """Resolves an alias; returns any other name unchanged."""
    return ALIASES.get(name, name)
